import type { Tensor } from '@mamba/core'
import type { Binding } from '../../memory/allocation.ts'
import type { Planner } from '../../planner.ts'
import { blockKernels } from './kernels.ts'
import { areAligned } from './quads.ts'

/*
 * The block form of a state-space layer whose decay is one number a head (Dao & Gu 2024, arXiv:2405.21060, section 6).
 * Within chunks it is matrix products, from chunk to chunk a recurrence of the states:
 *
 *   frames    decays and weights of all positions; the op's own kernel
 *   states    what each chunk adds to the state, and the scores k_s · q_t of its rows
 *   pass      the state before each chunk, and after the last
 *   outputs   y of the states before the chunks, of the scores, and past them
 *
 * Mamba-3 has `rank` rows at each position; a chunk has up to 64 rows.
 */

/** Rows of a chunk, at most. */
export const CHUNK_ROWS = 64
/** Bytes of an intermediate result, at most: the pool keeps buffers up to that size. */
const MAX_SCRATCH_BYTES = 64 * 2 ** 20
/** Positions of a span, at most: workgroups count them along one dimension. */
const MAX_SPAN = 32768

/** Sequences and positions of a call that are computed together. */
export interface Span {
  readonly firstSequence: number
  readonly sequences: number
  readonly firstPosition: number
  readonly positions: number
}

/** Rows of keys or queries, in elements: (sequences, groups, rows, dState), each axis with its stride. */
interface Keys {
  readonly binding: Binding
  readonly offset: number
  readonly sequence: number
  readonly group: number
  readonly row: number
}

export interface BlockSizes {
  /** Positions of a whole sequence. */
  readonly length: number
  /** Positions of a chunk. */
  readonly chunk: number
  readonly rank: number
  readonly nHeads: number
  readonly headDim: number
  /** Heads over it share keys and queries. */
  readonly nGroups: number
  readonly dState: number
}

export interface Blocks {
  readonly sizes: BlockSizes
  /** See `decay.wgsl.ts`. */
  readonly frames: Binding
  readonly q: Keys
  readonly k: Keys
  /** (batch, length, nHeads · headDim), a view. */
  readonly x: Tensor
  /** (nHeads, rank, headDim): weights of the inputs. */
  readonly mimo?: Tensor | undefined
  /** As x; not with `mimo`. */
  readonly z?: Tensor | undefined
  /** (nHeads) or (nHeads, headDim). */
  readonly D: Tensor
  /** (batch, nHeads, headDim, dState), updated in place. */
  readonly state: Tensor
  /** Key and input of the position before the call, (batch, rank, nHeads, dState) and (batch, nHeads, headDim). */
  readonly pending?: { readonly k: Tensor; readonly v: Tensor } | undefined
  /** (sequences, rows, nHeads · headDim) from an element on, the next sequence a distance further. */
  readonly y: { readonly binding: Binding; readonly offset: number; readonly sequence: number }
}

/**
 * Cuts a call into spans, one after the other for each sequence, so that no intermediate result is too large. Where it
 * is cut along a sequence does not depend on the batch.
 * @param bytesPerPosition of the largest intermediate result, for one sequence
 */
export function spansOf(
  planner: Planner,
  { batch, length, chunk }: { readonly batch: number; readonly length: number; readonly chunk: number },
  bytesPerPosition: number,
): Span[] {
  const maxBytes = Math.min(MAX_SCRATCH_BYTES, planner.capabilities.maxBindingBytes)
  const chunks = Math.floor(Math.min(maxBytes / bytesPerPosition, MAX_SPAN) / chunk)
  const positions = Math.min(Math.max(chunks, 1) * chunk, length)
  const padded = Math.ceil(positions / chunk) * chunk
  const sequences = Math.max(Math.floor(maxBytes / (bytesPerPosition * padded)), 1)
  const spans: Span[] = []
  for (let firstSequence = 0; firstSequence < batch; firstSequence += sequences) {
    for (let firstPosition = 0; firstPosition < length; firstPosition += positions) {
      spans.push({
        firstSequence,
        sequences: Math.min(sequences, batch - firstSequence),
        firstPosition,
        positions: Math.min(positions, length - firstPosition),
      })
    }
  }
  return spans
}

/** Bytes of the states and scores of a position, whichever is more. */
export function blockBytesPerPosition({ chunk, nHeads, headDim, nGroups, dState }: BlockSizes): number {
  return (4 * Math.max(nHeads * headDim * dState, nGroups * CHUNK_ROWS * CHUNK_ROWS)) / chunk
}

/** Bytes of the frames of a span. */
export function frameBytes({ sequences, positions }: Span, { chunk, nHeads }: BlockSizes): number {
  return 16 * sequences * nHeads * (Math.ceil(positions / chunk) * chunk + 1)
}

/** First element of a view in a span. */
export function startOf(view: Tensor, { firstSequence, firstPosition }: Span, length: number): number {
  return view.offset + (firstSequence * length + firstPosition) * view.rowStride
}

/** Intermediate results of the block form, which all spans use one after the other. */
export interface BlockScratch {
  readonly states: Binding
  readonly scores: Binding
}

/** @param span the largest */
export function blockScratch(planner: Planner, span: Span, sizes: BlockSizes): BlockScratch {
  const { chunk, nHeads, headDim, nGroups, dState } = sizes
  const chunks = span.sequences * Math.ceil(span.positions / chunk)
  return {
    states: { allocation: planner.scratch(Math.max(4 * chunks * nHeads * headDim * dState, 16)) },
    scores: { allocation: planner.scratch(4 * chunks * nGroups * CHUNK_ROWS ** 2) },
  }
}

/** The states, their recurrence, and the outputs of a span. */
export function planBlocks(planner: Planner, span: Span, blocks: Blocks, scratch: BlockScratch): void {
  const { sizes, frames, q, k, x, mimo, z, D, state, pending, y } = blocks
  const { rank, chunk, nHeads, headDim, nGroups, dState } = sizes
  const { sequences, positions } = span
  const aligned = isAligned(blocks)
  const kernels = blockKernels({ aligned, hasPending: pending !== undefined })
  const params = spanWords(span, blocks)
  const chunks = Math.ceil(positions / chunk)
  const bind = (tensor: Tensor) => planner.binding(tensor)
  const { states, scores } = scratch
  const stateBytes = 4 * sequences * nHeads * headDim * dState
  const scoreBytes = 4 * sequences * chunks * nGroups * CHUNK_ROWS ** 2
  const keyBytes = 4 * sequences * nGroups * positions * rank * dState
  const inputBytes = 4 * sequences * positions * nHeads * headDim
  const rowTiles = Math.ceil(headDim / 64)
  planner.dispatch({
    kernel: kernels.states,
    bindings: [frames, q.binding, k.binding, bind(x), states, scores, bind(mimo ?? x)],
    params,
    workgroups: [nHeads * rowTiles * Math.ceil(dState / 64) + nGroups, chunks, sequences],
    bytes: inputBytes + 2 * keyBytes + chunks * stateBytes + scoreBytes,
  })
  planner.dispatch({
    kernel: kernels.pass,
    bindings: [frames, states, bind(state), bind(pending?.k ?? x), bind(pending?.v ?? x), bind(mimo ?? x)],
    params,
    workgroups: [Math.ceil((headDim * dState) / (aligned ? 256 : 64)), nHeads, sequences],
    bytes: 2 * (chunks + 1) * stateBytes,
  })
  planner.dispatch({
    kernel: kernels.outputs,
    bindings: [frames, q.binding, bind(x), states, scores, bind(D), y.binding, bind(mimo ?? z ?? x)],
    params,
    workgroups: [nHeads * rowTiles, chunks, sequences],
    bytes: inputBytes * (1 + rank + (z ? 1 : 0)) + keyBytes + chunks * stateBytes + scoreBytes,
  })
}

/** Whether the kernels may take four elements at once everywhere. */
function isAligned({ sizes: { headDim, dState }, q, k, x, z = x }: Blocks): boolean {
  const keys = [q, k].flatMap(({ offset, sequence, group, row }) => [offset, sequence, group, row])
  const views = [x, z].flatMap(({ offset, rowStride }) => [offset, rowStride])
  return areAligned(headDim, dState, ...keys, ...views)
}

/** The words of `Span` in `span.wgsl.ts`. */
function spanWords(span: Span, { sizes, q, k, x, mimo, z, D, y, pending }: Blocks): number[] {
  const { length, rank, chunk, nHeads, headDim, nGroups, dState } = sizes
  const perChannel = D.columnCount !== nHeads
  return [
    span.positions,
    chunk,
    Math.ceil(span.positions / chunk),
    rank,
    nHeads,
    headDim,
    nGroups,
    dState,
    ...[q, k].flatMap(({ offset, sequence, group, row }) => [offset, sequence, group, row]),
    ...[x, z ?? x].flatMap((view) => [startOf(view, span, length), length * view.rowStride, view.rowStride]),
    y.offset,
    y.sequence,
    nHeads * headDim,
    span.firstSequence * nHeads * headDim * dState,
    span.firstSequence,
    perChannel ? headDim : 1,
    perChannel ? 1 : 0,
    ...[mimo, z, pending].map((used) => (used ? 1 : 0)),
  ]
}
