import { copyOrZeros, expectChunkSize } from './numbers.ts'
import { segmentDecay } from './segment-decay.ts'
import { checkSsd, type SsdDims, type SsdInputs, type SsdResult, skipWeights } from './ssd.ts'
import { addScaled, dot } from './vector.ts'

/** One chunk of tokens of one head or group, copied out of the inputs so that the matrices are dense. */
interface Chunk {
  /** Number of tokens, at most chunkSize. */
  size: number
  /** X = Δ x of one head, (size, headDim) */
  readonly X: Float64Array
  /** B of one group, (size, dState) */
  readonly B: Float64Array
  /** C of one group, (size, dState) */
  readonly C: Float64Array
  /** C Bᵀ of one group, (size, size); entries above the diagonal are not used */
  readonly scores: Float64Array
  /** Δ A of one head, (size) */
  readonly logDecay: Float64Array
  /** L of one head, (size, size): exp of the segment sums of logDecay, 0 above the diagonal */
  readonly decay: Float64Array
  /** Result for one head, (size, headDim) */
  readonly Y: Float64Array
}

/**
 * State-space dual layer in its block form: matrix products inside chunks, a recurrence from chunk to chunk.
 *
 * With X = Δ x and L the decays between two tokens of a chunk:
 * 1. within the chunk: Y = (L ∘ C Bᵀ) X;
 * 2. the state that the chunk adds: S = Σₛ L[last, s] Xₛ Bₛᵀ;
 * 3. from chunk to chunk: H ← exp(Σ Δ A) H + S;
 * 4. what came before the chunk: Yₜ += exp(Σ_{s≤t} Δₛ A) H Cₜ.
 *
 * C Bᵀ is computed once per group. Equal to `ssd` but for rounding.
 *
 * Source: Dao & Gu 2024, arXiv:2405.21060, section 6 and Listing 1.
 * @param chunkSize tokens per chunk, at least 1; the last chunk may be shorter
 * @throws ShapeError if an input does not fit the dims or nGroups does not divide nHeads
 * @throws ConfigError if chunkSize is not a whole number ≥ 1
 */
export function ssdChunked(inputs: SsdInputs, dims: SsdDims, chunkSize: number): SsdResult {
  checkSsd('ssdChunked', inputs, dims)
  expectChunkSize('ssdChunked', chunkSize)
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  const headsPerGroup = nHeads / nGroups
  const skip = skipWeights(inputs.D, nHeads, headDim)
  const y = new Float64Array(batch * length * nHeads * headDim)
  const h = copyOrZeros(inputs.h0, batch * nHeads * headDim * dState)
  const chunk = allocateChunk(Math.min(chunkSize, length), dims)

  for (let b = 0; b < batch; b++) {
    for (let start = 0; start < length; start += chunkSize) {
      const row = b * length + start
      chunk.size = Math.min(chunkSize, length - start)
      for (let group = 0; group < nGroups; group++) {
        loadGroup(chunk, inputs, dims, row, group)
        for (let head = group * headsPerGroup; head < (group + 1) * headsPerGroup; head++) {
          loadHead(chunk, inputs, dims, row, head)
          const stateSize = headDim * dState
          const H = h.subarray((b * nHeads + head) * stateSize, (b * nHeads + head + 1) * stateSize)
          multiplyWithin(chunk, headDim)
          readState(chunk, H, headDim, dState)
          passState(chunk, H, headDim, dState)
          storeHead(y, chunk, inputs, skip, dims, row, head)
        }
      }
    }
  }
  return { y, h }
}

function allocateChunk(size: number, { headDim, dState }: SsdDims): Chunk {
  return {
    size,
    X: new Float64Array(size * headDim),
    B: new Float64Array(size * dState),
    C: new Float64Array(size * dState),
    scores: new Float64Array(size * size),
    logDecay: new Float64Array(size),
    decay: new Float64Array(size * size),
    Y: new Float64Array(size * headDim),
  }
}

/** Copies B and C of one group from row `first` of (batch · length), and computes C Bᵀ. */
function loadGroup(chunk: Chunk, inputs: SsdInputs, dims: SsdDims, first: number, group: number): void {
  const { size, B, C, scores } = chunk
  const { nGroups, dState } = dims
  for (let t = 0; t < size; t++) {
    const source = ((first + t) * nGroups + group) * dState
    for (let n = 0; n < dState; n++) {
      B[t * dState + n] = inputs.B[source + n]!
      C[t * dState + n] = inputs.C[source + n]!
    }
  }
  for (let t = 0; t < size; t++) {
    for (let s = 0; s <= t; s++) {
      scores[t * size + s] = dot(C, t * dState, B, s * dState, dState)
    }
  }
}

/** Computes X = Δ x and L of one head from row `first` of (batch · length). */
function loadHead(chunk: Chunk, inputs: SsdInputs, dims: SsdDims, first: number, head: number): void {
  const { size, X, logDecay, decay } = chunk
  const { nHeads, headDim } = dims
  for (let t = 0; t < size; t++) {
    const i = (first + t) * nHeads + head
    const step = inputs.delta[i]!
    logDecay[t] = step * inputs.A[head]!
    for (let p = 0; p < headDim; p++) {
      X[t * headDim + p] = step * inputs.x[i * headDim + p]!
    }
  }
  segmentDecay(logDecay, size, decay)
}

/** Step 1: Y = (L ∘ C Bᵀ) X. */
function multiplyWithin({ size, X, scores, decay, Y }: Chunk, headDim: number): void {
  Y.fill(0)
  for (let t = 0; t < size; t++) {
    for (let s = 0; s <= t; s++) {
      const weight = decay[t * size + s]! * scores[t * size + s]!
      addScaled(Y, t * headDim, weight, X, s * headDim, headDim)
    }
  }
}

/** Step 4: Yₜ += exp(Σ_{s≤t} Δₛ A) H Cₜ, with H the state before the chunk, (headDim, dState). */
function readState({ size, C, logDecay, Y }: Chunk, H: Float64Array, headDim: number, dState: number): void {
  let elapsed = 0
  for (let t = 0; t < size; t++) {
    elapsed += logDecay[t]!
    const decay = Math.exp(elapsed)
    for (let p = 0; p < headDim; p++) {
      Y[t * headDim + p]! += decay * dot(H, p * dState, C, t * dState, dState)
    }
  }
}

/** Steps 2 and 3: H ← exp(Σ Δ A) H + Σₛ L[last, s] Xₛ Bₛᵀ. */
function passState(
  { size, X, B, logDecay, decay }: Chunk,
  H: Float64Array,
  headDim: number,
  dState: number,
): void {
  let elapsed = 0
  for (let t = 0; t < size; t++) {
    elapsed += logDecay[t]!
  }
  const total = Math.exp(elapsed)
  for (let i = 0; i < headDim * dState; i++) {
    H[i]! *= total
  }
  for (let s = 0; s < size; s++) {
    const toEnd = decay[(size - 1) * size + s]!
    for (let p = 0; p < headDim; p++) {
      addScaled(H, p * dState, toEnd * X[s * headDim + p]!, B, s * dState, dState)
    }
  }
}

/** Writes y = Y + D x of one head. */
function storeHead(
  y: Float64Array,
  { size, Y }: Chunk,
  { x }: SsdInputs,
  skip: Float64Array,
  { nHeads, headDim }: SsdDims,
  first: number,
  head: number,
): void {
  for (let t = 0; t < size; t++) {
    for (let p = 0; p < headDim; p++) {
      const i = ((first + t) * nHeads + head) * headDim + p
      y[i] = Y[t * headDim + p]! + skip[head * headDim + p]! * x[i]!
    }
  }
}
