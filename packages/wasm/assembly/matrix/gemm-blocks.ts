import { madd } from '../math/madd'
import { int, pointer, scratch } from '../runtime/control'
import { BLOCK_BYTES, packBlocks } from './pack-blocks'
import { BIAS_BYTES, PANEL, packBias, storeOutputs } from './panel'

/*
 * y = x Wᵀ + bias for many rows of x and weights in q8_0 or q4_0, with integer products within the blocks;
 * otherwise as `gemm`.
 *
 *   0 w        (dOut, dIn), address of its first block
 *   1 wStride  bytes from one row to the next
 *   2 dtype    of w
 *   3 x        (rows, dIn), int16, from `quantizeRows`
 *   4 xStride  bytes from one row to the next
 *   5 scales   (rows, dIn / 32), f32, of x
 *   6 bias     (dOut), f32, or 0
 *   7 y        (rows, dOut), f32
 *   8 rows
 *   9 dIn      a multiple of 32
 *  10 dOut
 *  11 outputsPerTile  a multiple of 8
 *  12 rowsPerTile
 *
 * Scratch: outputsPerTile / 8 panels of 32 + 17 · dIn bytes.
 */
export function gemmBlocks(args: usize, tile: i32, thread: i32): void {
  const blocks = int(args, 9) >> 5
  const dOut = int(args, 10)
  const outputBlocks = (dOut + int(args, 11) - 1) / int(args, 11)
  const firstOut = (tile % outputBlocks) * int(args, 11)
  const lastOut = min(firstOut + int(args, 11), dOut)
  const panels = scratch(thread)
  const panelBytes = BIAS_BYTES + blocks * BLOCK_BYTES
  for (let out = firstOut, panel = panels; out < lastOut; out += PANEL, panel += panelBytes) {
    const count = min(lastOut - out, PANEL)
    const bias = pointer(args, 6)
    packBias(bias == 0 ? 0 : bias + (out << 2), count, panel)
    packBlocks(int(args, 2), pointer(args, 0) + out * pointer(args, 1), pointer(args, 1), count, blocks, panel + BIAS_BYTES)
  }
  const firstRow = (tile / outputBlocks) * int(args, 12)
  const lastRow = min(firstRow + int(args, 12), int(args, 8))
  const xStride = pointer(args, 4)
  for (let row = firstRow; row < lastRow; row += 2) {
    const x = pointer(args, 3) + row * xStride
    const scales = pointer(args, 5) + ((row * blocks) << 2)
    const next: usize = row + 1 < lastRow ? 1 : 0
    const y = pointer(args, 7) + ((row * dOut) << 2)
    for (let out = firstOut, panel = panels; out < lastOut; out += PANEL, panel += panelBytes) {
      multiply(panel, x, next * xStride, scales, blocks, y + (out << 2), next * (<usize>dOut << 2), min(lastOut - out, PANEL))
    }
  }
}

/**
 * Two rows of x times one panel.
 * @param xStride bytes to the second row; 0 if there is none: the first is then computed twice, always the same
 * @param count outputs that there are, up to 8
 */
function multiply(
  panel: usize,
  x: usize,
  xStride: usize,
  scales: usize,
  blocks: i32,
  y: usize,
  yStride: usize,
  count: i32,
): void {
  const nextScales: usize = xStride == 0 ? 0 : <usize>blocks << 2
  let a0 = v128.load(panel)
  let a1 = v128.load(panel, 16)
  let b0 = a0
  let b1 = a1
  let w = panel + BIAS_BYTES
  for (let block = 0; block < blocks; block++) {
    let i0 = i32x4.splat(0)
    let i1 = i0
    let j0 = i0
    let j1 = i0
    let q = w + 32
    const end = w + BLOCK_BYTES
    for (; q < end; q += 128) {
      let w0 = v128.load(q)
      let w1 = v128.load(q, 16)
      let u = v128.load32_splat(x)
      let v = v128.load32_splat(x + xStride)
      i0 = i32x4.add(i0, i32x4.dot_i16x8_s(w0, u))
      i1 = i32x4.add(i1, i32x4.dot_i16x8_s(w1, u))
      j0 = i32x4.add(j0, i32x4.dot_i16x8_s(w0, v))
      j1 = i32x4.add(j1, i32x4.dot_i16x8_s(w1, v))
      w0 = v128.load(q, 32)
      w1 = v128.load(q, 48)
      u = v128.load32_splat(x, 4)
      v = v128.load32_splat(x + xStride, 4)
      i0 = i32x4.add(i0, i32x4.dot_i16x8_s(w0, u))
      i1 = i32x4.add(i1, i32x4.dot_i16x8_s(w1, u))
      j0 = i32x4.add(j0, i32x4.dot_i16x8_s(w0, v))
      j1 = i32x4.add(j1, i32x4.dot_i16x8_s(w1, v))
      w0 = v128.load(q, 64)
      w1 = v128.load(q, 80)
      u = v128.load32_splat(x, 8)
      v = v128.load32_splat(x + xStride, 8)
      i0 = i32x4.add(i0, i32x4.dot_i16x8_s(w0, u))
      i1 = i32x4.add(i1, i32x4.dot_i16x8_s(w1, u))
      j0 = i32x4.add(j0, i32x4.dot_i16x8_s(w0, v))
      j1 = i32x4.add(j1, i32x4.dot_i16x8_s(w1, v))
      w0 = v128.load(q, 96)
      w1 = v128.load(q, 112)
      u = v128.load32_splat(x, 12)
      v = v128.load32_splat(x + xStride, 12)
      i0 = i32x4.add(i0, i32x4.dot_i16x8_s(w0, u))
      i1 = i32x4.add(i1, i32x4.dot_i16x8_s(w1, u))
      j0 = i32x4.add(j0, i32x4.dot_i16x8_s(w0, v))
      j1 = i32x4.add(j1, i32x4.dot_i16x8_s(w1, v))
      x += 16
    }
    const s = v128.load32_splat(scales)
    const t = v128.load32_splat(scales + nextScales)
    const d0 = v128.load(w)
    const d1 = v128.load(w, 16)
    a0 = madd(f32x4.convert_i32x4_s(i0), f32x4.mul(d0, s), a0)
    a1 = madd(f32x4.convert_i32x4_s(i1), f32x4.mul(d1, s), a1)
    b0 = madd(f32x4.convert_i32x4_s(j0), f32x4.mul(d0, t), b0)
    b1 = madd(f32x4.convert_i32x4_s(j1), f32x4.mul(d1, t), b1)
    scales += 4
    w = end
  }
  storeOutputs(y, a0, a1, count)
  storeOutputs(y + yStride, b0, b1, count)
}
