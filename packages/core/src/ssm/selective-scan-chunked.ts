import { copyOrZeros, expectChunkSize } from './numbers.ts'
import {
  checkSelectiveScan,
  type SelectiveScanDims,
  type SelectiveScanInputs,
  type SelectiveScanResult,
  selectiveScan,
} from './selective-scan.ts'

/**
 * Selective scan by chunks that could run at the same time.
 *
 * 1. Every chunk is scanned alone, from a zero state; it records its end state and the sum of its Δ.
 * 2. The states are carried over the chunks: h ← exp(A ΣΔ) h + end. This is the only part in sequence.
 * 3. Every chunk adds what its incoming state contributes: yₜ += Cₜ exp(A Σ_{s≤t} Δₛ) h.
 *
 * The product of a chunk's decays is the exponential of a sum, so that it may underflow to 0 but is never
 * divided by. Equal to `selectiveScan` but for rounding.
 * @param chunkSize tokens per chunk, at least 1; the last chunk may be shorter
 * @throws ShapeError if an input does not fit the dims
 * @throws ConfigError if chunkSize is not a whole number ≥ 1
 */
export function selectiveScanChunked(
  inputs: SelectiveScanInputs,
  dims: SelectiveScanDims,
  chunkSize: number,
): SelectiveScanResult {
  checkSelectiveScan('selectiveScanChunked', inputs, dims)
  expectChunkSize('selectiveScanChunked', chunkSize)
  const { batch, length, dInner, dState } = dims
  const width = dInner * dState
  const y = new Float64Array(batch * length * dInner)
  const h = copyOrZeros(inputs.h0, batch * width)

  for (let b = 0; b < batch; b++) {
    const chunks = []
    for (let start = 0; start < length; start += chunkSize) {
      chunks.push({ first: b * length + start, tokens: Math.min(chunkSize, length - start) })
    }
    const ends = chunks.map(({ first, tokens }) => {
      const alone = selectiveScan(sliceChunk(inputs, dims, first, tokens), {
        ...dims,
        batch: 1,
        length: tokens,
      })
      y.set(alone.y, first * dInner)
      return alone.h
    })
    const carried = h.subarray(b * width, (b + 1) * width)
    const starts = chunks.map(({ first, tokens }, c) => {
      const start = carried.slice()
      carryState(carried, ends[c]!, inputs, dims, first, tokens)
      return start
    })
    chunks.forEach(({ first, tokens }, c) => {
      addIncomingState(y, starts[c]!, inputs, dims, first, tokens)
    })
  }
  return { y, h }
}

/** The inputs of `tokens` tokens from row `first` of (batch · length), without a state. */
function sliceChunk(
  { u, delta, A, B, C, D }: SelectiveScanInputs,
  { dInner, dState }: SelectiveScanDims,
  first: number,
  tokens: number,
): SelectiveScanInputs {
  return {
    u: u.subarray(first * dInner, (first + tokens) * dInner),
    delta: delta.subarray(first * dInner, (first + tokens) * dInner),
    A,
    B: B.subarray(first * dState, (first + tokens) * dState),
    C: C.subarray(first * dState, (first + tokens) * dState),
    D,
  }
}

/** h ← exp(A ΣΔ) h + end, for one chunk; h and end are (dInner, dState). */
function carryState(
  h: Float64Array,
  end: Float64Array,
  { delta, A }: SelectiveScanInputs,
  { dInner, dState }: SelectiveScanDims,
  first: number,
  tokens: number,
): void {
  for (let d = 0; d < dInner; d++) {
    let elapsed = 0
    for (let row = first; row < first + tokens; row++) {
      elapsed += delta[row * dInner + d]!
    }
    for (let s = d * dState; s < (d + 1) * dState; s++) {
      h[s] = Math.exp(elapsed * A[s]!) * h[s]! + end[s]!
    }
  }
}

/** yₜ += Cₜ exp(A Σ_{s≤t} Δₛ) h, for one chunk; h is (dInner, dState). */
function addIncomingState(
  y: Float64Array,
  h: Float64Array,
  { delta, A, C }: SelectiveScanInputs,
  { dInner, dState }: SelectiveScanDims,
  first: number,
  tokens: number,
): void {
  for (let d = 0; d < dInner; d++) {
    let elapsed = 0
    for (let row = first; row < first + tokens; row++) {
      elapsed += delta[row * dInner + d]!
      let sum = 0
      for (let n = 0; n < dState; n++) {
        const s = d * dState + n
        sum += C[row * dState + n]! * Math.exp(elapsed * A[s]!) * h[s]!
      }
      y[row * dInner + d]! += sum
    }
  }
}
