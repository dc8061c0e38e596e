import { expand } from '../convert.ts'
import type { TypedArray } from '../dtype.ts'
import { checkEmbedding, checkIds, checkLinear } from '../ops/checks.ts'
import type { Tensor } from '../tensor.ts'
import { dataOf, dense, denseF32 } from './storage.ts'

/** `Ops.embedding`: copies rows, expanded to float32. */
export function embedding(table: Tensor, ids: Tensor): Float32Array {
  const { vocabulary, size, batch, length } = checkEmbedding(table, ids)
  const idData = dense(ids) as Int32Array
  checkIds('embedding', idData, vocabulary)
  const out = new Float32Array(batch * length * size)
  const data = dataOf(table)
  for (const [position, id] of idData.entries()) {
    const row = out.subarray(position * size, (position + 1) * size)
    expand(table.dtype, data, table.offset + id * table.rowStride, row)
  }
  return out
}

/** Outputs that are computed together, so that each x is loaded once for four products. */
const tileSize = 4

/** `Ops.linear`: sums of products in float64, four outputs by up to two rows of x at a time. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Float32Array {
  const { rows, dIn, dOut } = checkLinear(x, weight, bias)
  const xs = Float64Array.from(denseF32(x))
  const y = new Float64Array(rows * dOut)
  const data = dataOf(weight)
  const scratch = new Float32Array(weight.dtype === 'f32' ? 0 : tileSize * dIn)
  for (let out = 0; out < dOut; out += tileSize) {
    const sizes = { rows, dIn, dOut, out, count: Math.min(tileSize, dOut - out) }
    const start = weight.offset + out * weight.rowStride
    if (weight.dtype === 'f32') {
      multiplyTile(xs, data as Float32Array, start, weight.rowStride, sizes, y)
    } else {
      expandTile(weight, data, start, sizes.count, scratch)
      multiplyTile(xs, scratch, 0, dIn, sizes, y)
    }
  }
  if (bias) addBias(y, denseF32(bias))
  return Float32Array.from(y)
}

function expandTile(
  weight: Tensor,
  data: TypedArray,
  start: number,
  count: number,
  scratch: Float32Array,
): void {
  const dIn = weight.columnCount
  for (let row = 0; row < count; row++) {
    expand(weight.dtype, data, start + row * weight.rowStride, scratch.subarray(row * dIn, (row + 1) * dIn))
  }
}

interface TileSizes {
  readonly rows: number
  readonly dIn: number
  readonly dOut: number
  /** First output of the tile. */
  readonly out: number
  /** Outputs of the tile, up to {@link tileSize}. */
  readonly count: number
}

/** y[r, out + o] = Σ_i x[r, i] w[o, i] for the outputs of a tile whose weight rows begin at `start`. */
function multiplyTile(
  x: Float64Array,
  w: Float32Array,
  start: number,
  stride: number,
  { rows, dIn, dOut, out, count }: TileSizes,
  y: Float64Array,
): void {
  if (count < tileSize) {
    for (let row = 0; row < rows; row++) {
      for (let o = 0; o < count; o++) y[row * dOut + out + o] = dot(x, row * dIn, w, start + o * stride, dIn)
    }
    return
  }
  let row = 0
  for (; row + 1 < rows; row += 2)
    multiplyTwoRows(x, row * dIn, w, start, stride, dIn, y, row * dOut + out, dOut)
  if (row < rows) multiplyRow(x, row * dIn, w, start, stride, dIn, y, row * dOut + out)
}

function multiplyTwoRows(
  x: Float64Array,
  xStart: number,
  w: Float32Array,
  wStart: number,
  wStride: number,
  dIn: number,
  y: Float64Array,
  yStart: number,
  yStride: number,
): void {
  const w1 = wStart + wStride
  const w2 = w1 + wStride
  const w3 = w2 + wStride
  const x1 = xStart + dIn
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let i = 0; i < dIn; i++) {
    const a = x[xStart + i]!
    const b = x[x1 + i]!
    const p0 = w[wStart + i]!
    const p1 = w[w1 + i]!
    const p2 = w[w2 + i]!
    const p3 = w[w3 + i]!
    a0 += a * p0
    a1 += a * p1
    a2 += a * p2
    a3 += a * p3
    b0 += b * p0
    b1 += b * p1
    b2 += b * p2
    b3 += b * p3
  }
  y[yStart] = a0
  y[yStart + 1] = a1
  y[yStart + 2] = a2
  y[yStart + 3] = a3
  y[yStart + yStride] = b0
  y[yStart + yStride + 1] = b1
  y[yStart + yStride + 2] = b2
  y[yStart + yStride + 3] = b3
}

function multiplyRow(
  x: Float64Array,
  xStart: number,
  w: Float32Array,
  wStart: number,
  wStride: number,
  dIn: number,
  y: Float64Array,
  yStart: number,
): void {
  const w1 = wStart + wStride
  const w2 = w1 + wStride
  const w3 = w2 + wStride
  let [a0, a1, a2, a3] = [0, 0, 0, 0]
  for (let i = 0; i < dIn; i++) {
    const a = x[xStart + i]!
    a0 += a * w[wStart + i]!
    a1 += a * w[w1 + i]!
    a2 += a * w[w2 + i]!
    a3 += a * w[w3 + i]!
  }
  y[yStart] = a0
  y[yStart + 1] = a1
  y[yStart + 2] = a2
  y[yStart + 3] = a3
}

function dot(x: Float64Array, xStart: number, w: Float32Array, wStart: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += x[xStart + i]! * w[wStart + i]!
  return sum
}

function addBias(y: Float64Array, bias: Float32Array): void {
  for (let start = 0; start < y.length; start += bias.length) {
    for (let i = 0; i < bias.length; i++) y[start + i]! += bias[i]!
  }
}
