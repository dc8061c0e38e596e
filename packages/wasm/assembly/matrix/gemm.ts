import { madd } from '../math/madd'
import { int, pointer, scratch } from '../runtime/control'
import { pack } from './pack'
import { BIAS_BYTES, PANEL, packBias, storeOutputs } from './panel'

/*
 * y = x Wᵀ + bias for many rows of x and weights in f32, f16 or bf16. A tile is a block of outputs and a range of rows:
 * it expands its weights into panels in the thread's scratch memory once, then takes the rows four at a time past them.
 *
 *   0 w        (dOut, dIn), address of its first element
 *   1 wStride  bytes from one row to the next
 *   2 dtype    of w
 *   3 x        (rows, dIn), f32
 *   4 xStride  bytes from one row to the next
 *   5 (unused)
 *   6 bias     (dOut), f32, or 0
 *   7 y        (rows, dOut), f32
 *   8 rows
 *   9 dIn
 *  10 dOut
 *  11 outputsPerTile  a multiple of 8
 *  12 rowsPerTile
 *
 * Scratch: outputsPerTile / 8 panels of 32 · (dIn + 1) bytes.
 */
export function gemm(args: usize, tile: i32, thread: i32): void {
  const dIn = int(args, 9)
  const dOut = int(args, 10)
  const blocks = (dOut + int(args, 11) - 1) / int(args, 11)
  const firstOut = (tile % blocks) * int(args, 11)
  const lastOut = min(firstOut + int(args, 11), dOut)
  const panels = scratch(thread)
  const panelBytes = BIAS_BYTES + (<usize>dIn << 5)
  for (let out = firstOut, panel = panels; out < lastOut; out += PANEL, panel += panelBytes) {
    const count = min(lastOut - out, PANEL)
    const bias = pointer(args, 6)
    packBias(bias == 0 ? 0 : bias + (out << 2), count, panel)
    pack(int(args, 2), pointer(args, 0) + out * pointer(args, 1), pointer(args, 1), count, dIn, panel + BIAS_BYTES)
  }
  const firstRow = (tile / blocks) * int(args, 12)
  const lastRow = min(firstRow + int(args, 12), int(args, 8))
  const xStride = pointer(args, 4)
  for (let row = firstRow; row < lastRow; row += 4) {
    const x = pointer(args, 3) + row * xStride
    const y = pointer(args, 7) + ((row * dOut) << 2)
    for (let out = firstOut, panel = panels; out < lastOut; out += PANEL, panel += panelBytes) {
      multiply(panel, x, xStride, y + (out << 2), <usize>dOut << 2, dIn, lastRow - row, min(lastOut - out, PANEL))
    }
  }
}

/**
 * Four rows of x times one panel.
 * @param rows rows that there are; if fewer than 4, the last one is computed several times, always the same
 * @param count outputs that there are, up to 8
 */
function multiply(panel: usize, x: usize, xStride: usize, y: usize, yStride: usize, dIn: i32, rows: i32, count: i32): void {
  const one: usize = rows > 1 ? 1 : 0
  const two = one + (rows > 2 ? 1 : 0)
  const three = two + (rows > 3 ? 1 : 0)
  let xa = x
  let xb = x + one * xStride
  let xc = x + two * xStride
  let xd = x + three * xStride
  let a0 = v128.load(panel)
  let a1 = v128.load(panel, 16)
  let b0 = a0
  let b1 = a1
  let c0 = a0
  let c1 = a1
  let d0 = a0
  let d1 = a1
  let w = panel + BIAS_BYTES
  const end = w + (<usize>dIn << 5)
  for (; w + 64 <= end; w += 64) {
    let w0 = v128.load(w)
    let w1 = v128.load(w, 16)
    let v = v128.load32_splat(xa)
    a0 = madd(w0, v, a0)
    a1 = madd(w1, v, a1)
    v = v128.load32_splat(xb)
    b0 = madd(w0, v, b0)
    b1 = madd(w1, v, b1)
    v = v128.load32_splat(xc)
    c0 = madd(w0, v, c0)
    c1 = madd(w1, v, c1)
    v = v128.load32_splat(xd)
    d0 = madd(w0, v, d0)
    d1 = madd(w1, v, d1)
    w0 = v128.load(w, 32)
    w1 = v128.load(w, 48)
    v = v128.load32_splat(xa, 4)
    a0 = madd(w0, v, a0)
    a1 = madd(w1, v, a1)
    v = v128.load32_splat(xb, 4)
    b0 = madd(w0, v, b0)
    b1 = madd(w1, v, b1)
    v = v128.load32_splat(xc, 4)
    c0 = madd(w0, v, c0)
    c1 = madd(w1, v, c1)
    v = v128.load32_splat(xd, 4)
    d0 = madd(w0, v, d0)
    d1 = madd(w1, v, d1)
    xa += 8
    xb += 8
    xc += 8
    xd += 8
  }
  if (w < end) {
    const w0 = v128.load(w)
    const w1 = v128.load(w, 16)
    let v = v128.load32_splat(xa)
    a0 = madd(w0, v, a0)
    a1 = madd(w1, v, a1)
    v = v128.load32_splat(xb)
    b0 = madd(w0, v, b0)
    b1 = madd(w1, v, b1)
    v = v128.load32_splat(xc)
    c0 = madd(w0, v, c0)
    c1 = madd(w1, v, c1)
    v = v128.load32_splat(xd)
    d0 = madd(w0, v, d0)
    d1 = madd(w1, v, d1)
  }
  storeOutputs(y, a0, a1, count)
  storeOutputs(y + one * yStride, b0, b1, count)
  storeOutputs(y + two * yStride, c0, c1, count)
  storeOutputs(y + three * yStride, d0, d1, count)
}
