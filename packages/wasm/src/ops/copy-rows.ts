import type { Context } from '../context.ts'
import { COPY_ROWS } from '../kernels.ts'
import { tile } from './tiles.ts'

/** Rows of bytes: the first one's address, and the distance from each to the next. */
export interface ByteRows {
  readonly start: number
  readonly stride: number
}

/** Copies `rows` rows of `bytes` bytes each. */
export function copyRows(context: Context, from: ByteRows, to: ByteRows, rows: number, bytes: number): void {
  const { perTile, tiles } = tile(rows, bytes, context.threads)
  context.run(COPY_ROWS, [from.start, from.stride, to.start, to.stride, rows, bytes, perTile], tiles)
}
