import { type DType, dtypeLayout, type Tensor } from '@mamba/core'
import { checkLinear } from '@mamba/core/backend'
import { type Context, floatBits } from '../context.ts'
import { GEMM, GEMM_BLOCKS, GEMV, GEMV_BLOCKS, PREPARE_ROWS, QUANTIZE_ROWS } from '../kernels.ts'
import { tile } from './tiles.ts'
import { weightDTypeId } from './weight-dtypes.ts'

/** From so many rows on, weights are expanded into panels first. */
const GEMM_ROWS = 6
/** Outputs of a panel. */
const PANEL = 8
/** Rows of quantised weights that are taken together in matrix × vector. */
const BLOCK_ROWS = 4
/** Bytes of panels that a thread works with at a time, to stay in its second-level cache. */
const PANELS_BYTES = 256 * 1024
/** The most panels that a thread works with at a time, so that there are tiles enough. */
const MAX_PANELS = 4
/** Rows of a tile at most, for the same reason; panels are made once for each so many rows. */
const ROWS_PER_TILE = 256

/** `Ops.linear`. */
export function linear(context: Context, x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const sizes = { ...checkLinear(x, weight, bias), dtype: weight.dtype }
  const { rows, dIn, dOut } = sizes
  const weightWords = [context.address(weight), context.rowBytes(weight), weightDTypeId(weight.dtype)]
  const biasAddress = context.optionalAddress(bias)
  const source = { start: context.address(x), stride: context.rowBytes(x), scales: 0, sums: 0 }
  return context.result([...x.shape.slice(0, -1), dOut], (y) => {
    if (rows === 0) return
    withRows(context, source, sizes, ({ start, stride, scales, sums }) => {
      const words = [...weightWords, start, stride, scales, biasAddress, y, rows, dIn, dOut]
      if (isFew(sizes)) runGemv(context, words, sums, sizes)
      else runGemm(context, words, sizes)
    })
  })
}

interface Sizes {
  readonly rows: number
  readonly dIn: number
  readonly dOut: number
  /** Of the weights. */
  readonly dtype: DType
}

function isFew({ rows }: Sizes): boolean {
  return rows < GEMM_ROWS
}

/** Activations as the kernels take them: float32, or int16 with scales. */
interface Rows {
  readonly start: number
  /** Bytes from one row to the next. */
  readonly stride: number
  /** Address of the scales of the blocks, or 0. */
  readonly scales: number
  /** Address of the sums of the blocks, or 0. */
  readonly sums: number
}

/** Lends `use` the rows in the form that the kernel for weights of this dtype takes. */
function withRows(context: Context, from: Rows, sizes: Sizes, use: (rows: Rows) => void): void {
  switch (sizes.dtype) {
    case 'q8_0':
    case 'q4_0':
      withQuantizedRows(context, from, sizes, use)
      break
    case 'f16':
      if (isFew(sizes)) withPreparedRows(context, from, 2 ** 56, sizes, use)
      else use(from)
      break
    case 'bf16':
      if (isFew(sizes)) withPreparedRows(context, from, 1, sizes, use)
      else use(from)
      break
    default:
      use(from)
  }
}

/** Lends `use` float32 rows rounded to int16 in blocks of 32. */
function withQuantizedRows(context: Context, from: Rows, sizes: Sizes, use: (rows: Rows) => void): void {
  const { rows, dIn, dtype } = sizes
  const bytes = 2 * dIn * rows
  const blockBytes = 4 * (dIn / 32) * rows
  context.temporary(bytes + 2 * blockBytes, (start) => {
    const scales = start + bytes
    const sums = dtype === 'q4_0' && isFew(sizes) ? scales + blockBytes : 0
    const { perTile, tiles } = tile(rows, 6 * dIn, context.threads)
    context.run(QUANTIZE_ROWS, [from.start, from.stride, start, scales, rows, dIn, perTile, sums], tiles)
    use({ start, stride: 2 * dIn, scales, sums })
  })
}

/** Lends `use` float32 rows times `factor`, in the order that 16-bit weights are taken in. */
function withPreparedRows(
  context: Context,
  from: Rows,
  factor: number,
  { rows, dIn }: Sizes,
  use: (rows: Rows) => void,
): void {
  context.temporary(4 * dIn * rows, (start) => {
    context.run(PREPARE_ROWS, [from.start, from.stride, start, floatBits(factor), rows, dIn, rows], 1)
    use({ ...from, start, stride: 4 * dIn })
  })
}

function runGemv(context: Context, words: number[], sums: number, { dtype, dIn, dOut }: Sizes): void {
  const { elements, bytes } = dtypeLayout(dtype)
  const rowBytes = (dIn / elements) * bytes
  if (elements === 1) {
    const { perTile, tiles } = tile(dOut, rowBytes, context.threads)
    context.run(GEMV, [...words, perTile], tiles)
  } else {
    const { perTile, tiles } = tile(Math.ceil(dOut / BLOCK_ROWS), BLOCK_ROWS * rowBytes, context.threads)
    context.run(GEMV_BLOCKS, [...words, BLOCK_ROWS * perTile, sums], tiles)
  }
}

function runGemm(context: Context, words: number[], { dtype, rows, dIn, dOut }: Sizes): void {
  const isQuantized = dtypeLayout(dtype).elements > 1
  const panelBytes = 32 + (isQuantized ? 17 : 32) * dIn
  const panels = Math.min(Math.max(Math.floor(PANELS_BYTES / panelBytes), 1), MAX_PANELS)
  const outputsPerTile = panels * PANEL
  const tiles = Math.ceil(dOut / outputsPerTile) * Math.ceil(rows / ROWS_PER_TILE)
  const kernel = isQuantized ? GEMM_BLOCKS : GEMM
  context.run(kernel, [...words, outputsPerTile, ROWS_PER_TILE], tiles, panels * panelBytes)
}
