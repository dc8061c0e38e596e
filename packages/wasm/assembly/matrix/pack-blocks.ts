import { Q4_0, Q8_0 } from '../../src/kernels'
import { f16 } from './f16'
import { PANEL } from './panel'
import { storeTransposed } from './transpose'

/** Bytes that a block of 32 elements of each row of a panel takes: 8 scales, then 16 pairs of int16 of 8 rows. */
export const BLOCK_BYTES: usize = 32 + 16 * 32

/**
 * Puts eight rows of quantised weights side by side, block after block: the rows' scales as float32, then,
 * pair of elements after pair of elements, the rows' two elements as int16.
 * @param dtype q8_0 or q4_0
 * @param w address of the first row
 * @param count rows that there are, 1 to 8; the last one stands in for those that are missing
 */
export function packBlocks(dtype: i32, w: usize, stride: usize, count: i32, blocks: i32, to: usize): void {
  const stored: usize = dtype == Q8_0 ? 34 : 18
  for (let row = 0; row < PANEL; row += 4) {
    let a = w + min(row, count - 1) * stride
    let b = w + min(row + 1, count - 1) * stride
    let c = w + min(row + 2, count - 1) * stride
    let d = w + min(row + 3, count - 1) * stride
    let out = to + (row << 2)
    for (let block = 0; block < blocks; block++) {
      store<f32>(out, f16(a))
      store<f32>(out, f16(b), 4)
      store<f32>(out, f16(c), 8)
      store<f32>(out, f16(d), 12)
      if (dtype == Q4_0) packQ4_0(a, b, c, d, out + 32)
      else packQ8_0(a, b, c, d, out + 32)
      a += stored
      b += stored
      c += stored
      d += stored
      out += BLOCK_BYTES
    }
  }
}

/** One block of four rows. */
function packQ8_0(a: usize, b: usize, c: usize, d: usize, to: usize): void {
  for (let i: usize = 0; i < 32; i += 8, to += 128) {
    storeTransposed(
      v128.load_ext<i8>(a + i, 2),
      v128.load_ext<i8>(b + i, 2),
      v128.load_ext<i8>(c + i, 2),
      v128.load_ext<i8>(d + i, 2),
      to,
      32,
    )
  }
}

/** One block of four rows: 16 elements in the lower four bits of the bytes, then 16 in the upper ones. */
function packQ4_0(a: usize, b: usize, c: usize, d: usize, to: usize): void {
  for (let i: usize = 0; i < 16; i += 8, to += 128) {
    const ba = v128.load_ext<u8>(a + i, 2)
    const bb = v128.load_ext<u8>(b + i, 2)
    const bc = v128.load_ext<u8>(c + i, 2)
    const bd = v128.load_ext<u8>(d + i, 2)
    storeTransposed(lower(ba), lower(bb), lower(bc), lower(bd), to, 32)
    storeTransposed(upper(ba), upper(bb), upper(bc), upper(bd), to + 256, 32)
  }
}

// @ts-ignore: decorator
@inline
function lower(bytes: v128): v128 {
  return i16x8.sub(v128.and(bytes, i16x8.splat(15)), i16x8.splat(8))
}

// @ts-ignore: decorator
@inline
function upper(bytes: v128): v128 {
  return i16x8.sub(i16x8.shr_u(bytes, 4), i16x8.splat(8))
}
