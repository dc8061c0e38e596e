import type { TypedArray } from '@mamba/core'

/** 32-bit words that are taken from each tensor. */
const sampledWords = 4096

/**
 * A 64-bit hash of texts and of up to 4,096 words spread evenly over some elements, as 16 hexadecimal digits.
 *
 * It identifies weights: two trained models never agree in so many words, and hashing all bytes would take as long
 * as reading them. It tells models apart; it does not protect against forgery.
 */
export function fingerprint(texts: readonly string[], elements?: TypedArray): string {
  // Two multiplicative hashes with different constants, each word mixed into both.
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  const add = (word: number) => {
    low = Math.imul(low ^ word, 0x01000193)
    low ^= low >>> 15
    high = Math.imul(high + word, 0x85ebca6b)
    high ^= high >>> 13
  }
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) add(text.charCodeAt(i))
    add(-1)
  }
  if (elements) {
    const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
    const words = Math.ceil(bytes.length / 4)
    const step = Math.max(1, words / sampledWords)
    for (let word = 0; word < words; word += step) {
      const at = Math.floor(word) * 4
      // Beyond the end bytes read as undefined, which shifts as 0.
      add(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    }
  }
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')
  return hex(high) + hex(low)
}
