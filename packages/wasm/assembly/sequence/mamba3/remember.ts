import { copyLanes } from '../../math/lanes'
import { int, pointer } from '../../runtime/control'
import { Frame, keyBytes } from './frame'

/** Address of the state's key of a rank of a head. */
// @ts-ignore: decorator
@inline
export function keyState(args: usize, tile: i32, r: i32): usize {
  const nHeads = int(args, 33)
  const sequence = tile / nHeads
  return (
    pointer(args, 28) + ((((sequence * int(args, 32) + r) * nHeads + (tile % nHeads)) * int(args, 36)) << 2)
  )
}

/** Makes the keys and the input of position `t` of a chunk, `row` of (batch · length), the state's. */
export function remember(args: usize, frame: Frame, tile: i32, row: i32, t: i32): void {
  const rank = int(args, 32)
  const headDim = int(args, 34)
  for (let r = 0; r < rank; r++) {
    copyLanes(frame.k + (t * rank + r) * keyBytes(args), keyState(args, tile, r), int(args, 36))
  }
  const x = pointer(args, 0) + row * pointer(args, 1) + (((tile % int(args, 33)) * headDim) << 2)
  copyLanes(x, pointer(args, 29) + ((tile * headDim) << 2), headDim)
}
