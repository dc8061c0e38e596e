import * as kernels from '../../src/kernels'
import { silu, siluTimes, softplus } from '../math/activate'
import { gelu } from '../math/gelu'
import { float, int, pointer } from '../runtime/control'
import { add, mul, relu2, scale } from './arithmetic'

/*
 * y = f(a) or f(a, b), element by element; tile t takes its share of the rows.
 *
 *   0 function  one of `ADD` to `SWI_GLU`
 *   1 a         (rows, columns), f32
 *   2 aStride   bytes from one row to the next
 *   3 b         (rows, columns), f32; for functions of two arguments
 *   4 bStride   bytes from one row to the next
 *   5 factor    f32, for `SCALE`
 *   6 y         (rows, columns), f32, without gaps
 *   7 rows
 *   8 columns
 *   9 rowsPerTile
 */
export function elementwise(args: usize, tile: i32): void {
  const columns = int(args, 8)
  const first = tile * int(args, 9)
  const last = min(first + int(args, 9), int(args, 7))
  for (let row = first; row < last; row++) {
    const a = pointer(args, 1) + row * pointer(args, 2)
    const b = pointer(args, 3) + row * pointer(args, 4)
    const y = pointer(args, 6) + ((row * columns) << 2)
    switch (int(args, 0)) {
      case kernels.ADD:
        add(a, b, y, columns)
        break
      case kernels.MUL:
        mul(a, b, y, columns)
        break
      case kernels.SCALE:
        scale(a, float(args, 5), y, columns)
        break
      case kernels.SILU:
        silu(a, y, columns)
        break
      case kernels.SOFTPLUS:
        softplus(a, y, columns)
        break
      case kernels.GELU:
        gelu(a, y, columns)
        break
      case kernels.RELU2:
        relu2(a, y, columns)
        break
      case kernels.SWI_GLU:
        siluTimes(a, b, y, columns)
        break
    }
  }
}
