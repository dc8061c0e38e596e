import { mul, multiplyAdd } from '../../elementwise/arithmetic'
import { siluTimes } from '../../math/activate'
import { float, int, pointer } from '../../runtime/control'
import { multiply, sumOfSquares } from '../rms-norm'
import { Frame } from './frame'

/**
 * Adds what one rank of a head gives, in `frame.row`, to the output at `row` of (batch · length):
 * y += norm(row) ⊙ silu(z ⊙ mimoZ) ⊙ mimoO. The first rank overwrites.
 */
export function addOutput(args: usize, frame: Frame, head: i32, row: i32, r: i32): void {
  const headDim = int(args, 34)
  const channel: usize = (head * headDim) << 2
  const z = pointer(args, 2) + row * pointer(args, 3) + channel
  const y = pointer(args, 30) + ((row * int(args, 33) * headDim) << 2) + channel
  if (pointer(args, 24) != 0) {
    const mean = sumOfSquares(frame.row, headDim) / <f32>headDim
    multiply(
      frame.row,
      pointer(args, 24) + channel,
      1 / sqrt<f32>(mean + float(args, 25)),
      frame.row,
      headDim,
    )
  }
  if (pointer(args, 21) == 0) {
    siluTimes(z, frame.row, y, headDim)
    return
  }
  const mimo = mimoRow(args, head, r)
  mul(z, pointer(args, 22) + mimo, frame.gate, headDim)
  siluTimes(frame.gate, frame.row, frame.row, headDim)
  if (r == 0) mul(frame.row, pointer(args, 23) + mimo, y, headDim)
  else multiplyAdd(frame.row, pointer(args, 23) + mimo, y, y, headDim)
}

/** Bytes from the start of a MIMO weight to what is there for a rank of a head. */
// @ts-ignore: decorator
@inline
export function mimoRow(args: usize, head: i32, r: i32): usize {
  return (<usize>((head * int(args, 32) + r) * int(args, 34))) << 2
}
