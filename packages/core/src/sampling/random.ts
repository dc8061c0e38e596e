/** Multipliers and key increments of Philox4x32. */
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const
const WEYL = [0x9e3779b9, 0xbb67ae85] as const
const ROUNDS = 10

/**
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
 * bijection of 128 bits, chosen by a key, whose outputs pass every known test of randomness even for counters
 * 0, 1, 2, ….
 *
 * A generator without state: nothing needs to be saved with a sequence, and any invocation of a GPU can compute
 * any number. Only 32-bit unsigned operations are used, so WGSL gives the same bits.
 *
 * @param counter four unsigned 32-bit words
 * @param key two unsigned 32-bit words
 * @returns four unsigned 32-bit words
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIERS[0], c0)
    const low0 = Math.imul(MULTIPLIERS[0], c0) >>> 0
    const high1 = multiplyHigh(MULTIPLIERS[1], c2)
    const low1 = Math.imul(MULTIPLIERS[1], c2) >>> 0
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0
    k0 = (k0 + WEYL[0]) >>> 0
    k1 = (k1 + WEYL[1]) >>> 0
  }
  return [c0, c1, c2, c3]
}

/**
 * The random number that decides the token at a position: equal arguments give equal numbers, whatever was
 * sampled before.
 *
 * The first word of philox4x32 with key (seed's low and high word) and counter (position's low and high word,
 * sequence, 0); its upper 24 bits, times 2⁻²⁴, so that float32 holds it exactly.
 *
 * @param seed a whole number from 0 to 2⁵³ − 1
 * @param position of the token that is sampled, from 0, a whole number below 2⁵³
 * @param sequence row of the batch, so that sequences with one seed differ
 * @returns in [0, 1)
 */
export function uniform(seed: number, position: number, sequence = 0): number {
  const [word] = philox4x32(
    [lowWord(position), highWord(position), sequence, 0],
    [lowWord(seed), highWord(seed)],
  )
  return (word >>> 8) * 2 ** -24
}

/** The upper 32 bits of a · b, by halves, as WGSL has no 64-bit product. No intermediate value exceeds 2³² − 1. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const carry = aLow * bHigh + (middle & 0xffff)
  return aHigh * bHigh + (middle >>> 16) + (carry >>> 16)
}

function lowWord(value: number): number {
  return value >>> 0
}

function highWord(value: number): number {
  return Math.floor(value / 2 ** 32)
}
