import { BF16, F16, F32 } from '../../src/kernels'
import { F16_BITS, F16_SCALE } from '../runtime/constants'
import { bf16, bf16x4, f16, f16x4 } from './f16'
import { PANEL } from './panel'
import { storeTransposed } from './transpose'

/**
 * Expands eight rows of f32, f16 or bf16 weights to float32, side by side: `to` is (dIn, 8).
 * @param w address of the first row
 * @param count rows that there are, 1 to 8; the last one stands in for those that are missing
 */
export function pack(dtype: i32, w: usize, stride: usize, count: i32, dIn: i32, to: usize): void {
  for (let row = 0; row < PANEL; row += 4) {
    const a = w + min(row, count - 1) * stride
    const b = w + min(row + 1, count - 1) * stride
    const c = w + min(row + 2, count - 1) * stride
    const d = w + min(row + 3, count - 1) * stride
    let k = 0
    for (; k + 4 <= dIn; k += 4) {
      const out = to + (k << 5)
      if (dtype == F32) {
        const i: usize = k << 2
        storeTransposed(v128.load(a + i), v128.load(b + i), v128.load(c + i), v128.load(d + i), out, 32)
      } else if (dtype == F16) {
        const i: usize = k << 1
        const bits = v128.load(F16_BITS)
        const scale = v128.load(F16_SCALE)
        storeTransposed(
          f16x4(a + i, bits, scale),
          f16x4(b + i, bits, scale),
          f16x4(c + i, bits, scale),
          f16x4(d + i, bits, scale),
          out,
          32,
        )
      } else {
        const i: usize = k << 1
        storeTransposed(bf16x4(a + i), bf16x4(b + i), bf16x4(c + i), bf16x4(d + i), out, 32)
      }
    }
    for (; k < dIn; k++) {
      const out = to + (k << 5)
      store<f32>(out, element(dtype, a, k))
      store<f32>(out, element(dtype, b, k), 4)
      store<f32>(out, element(dtype, c, k), 8)
      store<f32>(out, element(dtype, d, k), 12)
    }
    to += 16
  }
}

function element(dtype: i32, row: usize, k: i32): f32 {
  if (dtype == F32) return load<f32>(row + (k << 2))
  return dtype == F16 ? f16(row + (k << 1)) : bf16(row + (k << 1))
}
