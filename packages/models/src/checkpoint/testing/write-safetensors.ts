import { ByteWriter } from './byte-writer.ts'

/** A safetensors file with this header, right or wrong. */
export function writeSafetensors(header: unknown, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  return new ByteWriter().u64(json.length).bytes(json).bytes(data).done()
}

/** The bytes 0, 1, 2, … */
export function countingBytes(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i)
}
