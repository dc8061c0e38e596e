import { dtypeLayout } from '@mamba/core'
import fc from 'fast-check'
import { sizes } from './sizes.ts'
import type { WeightDType } from './suite.ts'

export const weightDTypes: readonly WeightDType[] = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0']

/** Numbers of columns of a matrix, up to `largest`; whole blocks of a block-quantised dtype, and a few more of them. */
export function columnCounts(dtype: WeightDType, largest: number): fc.Arbitrary<number> {
  const block = dtypeLayout(dtype).elements
  return block === 1 ? sizes(largest) : fc.constantFrom(1, 2, 3, 5).map((blocks) => blocks * block)
}

/** Bits of the infinite float16 or bfloat16; all smaller ones are finite. */
const INFINITY_BITS = { f16: 0x7c00, bf16: 0x7f80 }
/** Bits of the smallest number that every device must represent: GPUs may take subnormal float32 for zero. */
const SMALLEST_BITS = { f16: 0, bf16: 0x0080 }

/** The bits of every finite number of a 16-bit dtype, positive and negative, without subnormal float32. */
export function finiteHalfFloats(dtype: 'f16' | 'bf16'): Uint16Array {
  const count = INFINITY_BITS[dtype] - SMALLEST_BITS[dtype]
  return Uint16Array.from({ length: 2 * count }, (_, i) =>
    i < count ? SMALLEST_BITS[dtype] + i : 0x8000 + SMALLEST_BITS[dtype] + i - count,
  )
}
