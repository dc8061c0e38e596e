import { checkElementwise } from '../ops/checks.ts'
import type { Tensor } from '../tensor.ts'
import { denseF32 } from './storage.ts'

/** out[i] = fn(x[i]). */
export function map(op: string, x: Tensor, fn: (x: number) => number): Float32Array {
  checkElementwise(op, x)
  return denseF32(x).map(fn)
}

/** out[i] = fn(a[i], b[i]). */
export function zip(op: string, a: Tensor, b: Tensor, fn: (a: number, b: number) => number): Float32Array {
  checkElementwise(op, a, b)
  const bs = denseF32(b)
  return denseF32(a).map((value, i) => fn(value, bs[i]!))
}
