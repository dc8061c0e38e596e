import { type DType, dtypeLayout, type Tensor } from '@mamba/core'
import type { Binding } from '../../memory/allocation.ts'
import { scaleStart } from '../../memory/layout.ts'
import type { Part } from '../../memory/storage.ts'

/** Dtypes that matrices of weights can have. */
export type WeightDType = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0'

/** The dtype of a matrix of weights, which the op's check allowed. */
export function weightDType({ dtype }: Tensor): WeightDType {
  return dtype as WeightDType
}

/** Whether a dtype's elements come in blocks with a scale. */
export function isQuantised(dtype: DType): dtype is 'q8_0' | 'q4_0' {
  return dtypeLayout(dtype).elements > 1
}

/** Elements of which 16 bytes of weights, or of quants, consist. */
export function elementsOf16Bytes(dtype: WeightDType): number {
  return { f32: 4, f16: 8, bf16: 8, q8_0: 16, q4_0: 32 }[dtype]
}

/**
 * The words that tell a kernel where the elements of a part are: element c of row r at `offset + r · stride + c`, and
 * the scales of a quantised dtype from word `scaleStart` on, two in each.
 */
export function weightWords(
  { dtype, offset, rowStride }: Tensor,
  { rows }: Part,
): [offset: number, stride: number, scaleStart: number] {
  const scales = isQuantised(dtype) ? scaleStart(dtype, (rows * rowStride) / 32) : 0
  return [offset, rowStride, scales]
}

/** A part as a kernel sees it that reads 16 bytes at a time: also the last of them are inside. */
export function inWholeVectors({ allocation }: { allocation: Binding['allocation'] }): Binding {
  // Buffers are multiples of 256 bytes, so there is room.
  return { allocation, byteLength: Math.max(Math.ceil(allocation.byteLength / 16) * 16, 16) }
}

/** Whether all rows of a view, and what lies between `multiple` elements of them, begin at multiples of that. */
export function isAligned({ offset, rowStride, columnCount }: Tensor, multiple: number): boolean {
  return [offset, rowStride, columnCount].every((count) => count % multiple === 0)
}

/** Whether rows of y, and of y what a part of the weights gives, begin at multiples of 4 elements. */
export function isWideOutput({ rowCount }: Tensor, { firstRow, rows }: Part): boolean {
  return [rowCount, firstRow, rows].every((count) => count % 4 === 0)
}

/** Whether a kernel can read a matrix in vectors of `multiple` elements; blocks always lie so. */
export function isWide(matrix: Tensor, multiple: number): boolean {
  return isQuantised(matrix.dtype) || isAligned(matrix, multiple)
}

/** Bytes of the elements of a matrix of weights that a product reads. */
export function weightBytes({ dtype, columnCount }: Tensor, rows: number): number {
  const { elements, bytes } = dtypeLayout(dtype)
  return (rows * columnCount * bytes) / elements
}
