import { BF16, F16, F32, Q4_0, Q8_0 } from '../../src/kernels'
import { F16_BITS, F16_SCALE } from '../runtime/constants'
import { bf16, bf16x4, f16, f16x4 } from './f16'

/**
 * Expands stored elements to float32.
 * @param dtype how they are stored
 * @param from address of the first; of a quantised row, of a block's start
 * @param to address of the first float32
 * @param count for quantised dtypes a multiple of 32
 */
export function expand(dtype: i32, from: usize, to: usize, count: i32): void {
  if (dtype == F32) memory.copy(to, from, <usize>count << 2)
  else if (dtype == F16) expandF16(from, to, count)
  else if (dtype == BF16) expandBf16(from, to, count)
  else if (dtype == Q8_0) expandQ8_0(from, to, count)
  else if (dtype == Q4_0) expandQ4_0(from, to, count)
}

function expandF16(from: usize, to: usize, count: i32): void {
  const bits = v128.load(F16_BITS)
  const scale = v128.load(F16_SCALE)
  let i = 0
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), f16x4(from + (i << 1), bits, scale))
  for (; i < count; i++) store<f32>(to + (i << 2), f16(from + (i << 1)))
}

function expandBf16(from: usize, to: usize, count: i32): void {
  let i = 0
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), bf16x4(from + (i << 1)))
  for (; i < count; i++) store<f32>(to + (i << 2), bf16(from + (i << 1)))
}

function expandQ8_0(from: usize, to: usize, count: i32): void {
  for (let block = 0; block < count; block += 32) {
    const scale = f32x4.splat(f16(from))
    for (let i: usize = 0; i < 32; i += 8) storeScaled(v128.load_ext<i8>(from + i, 2), scale, to + (i << 2))
    from += 34
    to += 128
  }
}

function expandQ4_0(from: usize, to: usize, count: i32): void {
  const eight = i16x8.splat(8)
  for (let block = 0; block < count; block += 32) {
    const scale = f32x4.splat(f16(from))
    for (let i: usize = 0; i < 16; i += 8) {
      const bytes = v128.load_ext<u8>(from + i, 2)
      storeScaled(i16x8.sub(v128.and(bytes, i16x8.splat(15)), eight), scale, to + (i << 2))
      storeScaled(i16x8.sub(i16x8.shr_u(bytes, 4), eight), scale, to + ((i + 16) << 2))
    }
    from += 18
    to += 128
  }
}

/** Stores eight int16 times `scale` as float32. */
// @ts-ignore: decorator
@inline
function storeScaled(q: v128, scale: v128, to: usize): void {
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(q)), scale))
  v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(q)), scale), 16)
}
