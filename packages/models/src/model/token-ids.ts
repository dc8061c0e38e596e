import { ShapeError } from '@mamba/core'

/** Ids of one sequence, or of several sequences of equal length. */
export type TokenIds = ArrayLike<number> | readonly (readonly number[])[]

/** Checked ids, row-major. */
export interface TokenBatch {
  /** (batch, length). */
  readonly data: Int32Array
  readonly batch: number
  readonly length: number
}

/**
 * Checks ids and lays them out.
 * @throws ShapeError if there is none, sequences differ in length, or an id is outside the vocabulary
 */
export function toBatch(ids: TokenIds, vocabSize: number): TokenBatch {
  if (typeof ids !== 'object' || ids === null || typeof ids.length !== 'number') {
    throw new ShapeError(`ids: got ${String(ids)}; expected a list of ids, or a list of such lists`)
  }
  const sequences = isNested(ids) ? ids : [ids]
  const length = sequences[0]?.length ?? 0
  if (length === 0)
    throw new ShapeError('ids: there is none; expected at least one token, such as the BOS token')
  const data = new Int32Array(sequences.length * length)
  for (const [row, sequence] of sequences.entries()) {
    if (sequence.length !== length) {
      throw new ShapeError(
        `ids: sequence ${row} has ${sequence.length} ids; expected ${length}, as the first`,
      )
    }
    for (let i = 0; i < length; i++) {
      const id = sequence[i]!
      if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
        throw new ShapeError(
          `ids: ${id} at position ${i} is outside the vocabulary; expected 0 to ${vocabSize - 1}`,
        )
      }
      data[row * length + i] = id
    }
  }
  return { data, batch: sequences.length, length }
}

/** The ids from `start` (inclusive) to `end` (exclusive) of each sequence. */
export function partOf({ data, batch, length }: TokenBatch, start: number, end: number): number[][] {
  return Array.from({ length: batch }, (_, row) =>
    Array.from(data.subarray(row * length + start, row * length + end)),
  )
}

/** As {@link partOf}, row-major. */
export function flatPart({ data, batch, length }: TokenBatch, start: number, end: number): Int32Array {
  const part = new Int32Array(batch * (end - start))
  for (let row = 0; row < batch; row++) {
    part.set(data.subarray(row * length + start, row * length + end), row * (end - start))
  }
  return part
}

function isNested(ids: TokenIds): ids is readonly (readonly number[])[] {
  return typeof ids[0] === 'object'
}
