import {
  checkMamba3Scan,
  copyState,
  type Mamba3ScanDims,
  type Mamba3ScanInputs,
  type Mamba3ScanResult,
  type Mamba3ScanState,
  mimoWeights,
  rememberToken,
} from './mamba3-scan.ts'
import { expectChunkSize, type Numbers } from './numbers.ts'
import { segmentDecay } from './segment-decay.ts'
import { addScaled, dot } from './vector.ts'

/** One chunk of tokens of one head, copied out of the inputs so that the matrices are dense. */
interface Chunk {
  /** Number of tokens, at most chunkSize. */
  size: number
  /** (size, rank, dState) */
  readonly q: Float64Array
  /** (size, rank, dState) */
  readonly k: Float64Array
  /** v ⊙ mimoX, (size, rank, headDim) */
  readonly v: Float64Array
  /** γ = λ Δ, the weight of a token for itself, (size) */
  readonly gamma: Float64Array
  /** w = γ + the share (1 − λ) Δ that the token after it adds, the weight for later tokens, (size) */
  readonly weight: Float64Array
  /** Δ A, (size) */
  readonly logDecay: Float64Array
  /** L, (size, size) */
  readonly decay: Float64Array
  /** Result, (size, rank, headDim) */
  readonly y: Float64Array
}

/**
 * The Mamba-3 scan in its quadratic parallel form, like attention: a masked product of q, k and v.
 *
 *     yₜ = Σ_{s<t} L[t, s] (qₜ·kₛ) wₛ vₛ + γₜ (qₜ·kₜ) vₜ + D vₜ        wₛ = γₛ + (1 − λₛ₊₁) Δₛ₊₁
 *
 * plus exp(Σ_{s≤t} Δₛ Aₛ) h̃ qₜ from the tokens before, h̃ = h + (1 − λ₁) Δ₁ v₀ k₀ᵀ. Time and memory
 * grow with length². Equal to `mamba3Scan` but for rounding.
 *
 * Source: Lahoti et al. 2026, arXiv:2603.15569.
 * @throws ShapeError if an input does not fit the dims
 */
export function mamba3ScanParallel(inputs: Mamba3ScanInputs, dims: Mamba3ScanDims): Mamba3ScanResult {
  checkMamba3Scan('mamba3ScanParallel', inputs, dims)
  return scanChunks(inputs, dims, Math.max(1, dims.length))
}

/**
 * The Mamba-3 scan by chunks: the parallel form inside a chunk, the state carried from chunk to chunk.
 * Equal to `mamba3Scan` but for rounding; the form for long prompts.
 * @param chunkSize tokens per chunk, at least 1; the last chunk may be shorter
 * @throws ShapeError if an input does not fit the dims
 * @throws ConfigError if chunkSize is not a whole number ≥ 1
 */
export function mamba3ScanChunked(
  inputs: Mamba3ScanInputs,
  dims: Mamba3ScanDims,
  chunkSize: number,
): Mamba3ScanResult {
  checkMamba3Scan('mamba3ScanChunked', inputs, dims)
  expectChunkSize('mamba3ScanChunked', chunkSize)
  return scanChunks(inputs, dims, chunkSize)
}

function scanChunks(inputs: Mamba3ScanInputs, dims: Mamba3ScanDims, chunkSize: number): Mamba3ScanResult {
  const { batch, length, rank, nHeads, headDim, dState } = dims
  const mimoX = mimoWeights(inputs.mimoX, dims)
  const y = new Float64Array(batch * length * rank * nHeads * headDim)
  const state = copyState(inputs.state, dims)
  const chunk = allocateChunk(Math.min(chunkSize, length), dims)

  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < nHeads; head++) {
      const stateSize = headDim * dState
      const h = state.h.subarray((b * nHeads + head) * stateSize, (b * nHeads + head + 1) * stateSize)
      for (let start = 0; start < length; start += chunkSize) {
        const row = b * length + start
        chunk.size = Math.min(chunkSize, length - start)
        loadChunk(chunk, inputs, mimoX, dims, row, head)
        addPendingToken(h, state, inputs, mimoX, dims, row, head)
        multiplyWithin(chunk, dims)
        readState(chunk, h, dims)
        passState(chunk, h, dims)
        storeChunk(y, chunk, inputs.D[head]!, dims, row, head)
        rememberToken(state, inputs, dims, row + chunk.size - 1, head)
      }
    }
  }
  return { y, state }
}

function allocateChunk(size: number, { rank, headDim, dState }: Mamba3ScanDims): Chunk {
  return {
    size,
    q: new Float64Array(size * rank * dState),
    k: new Float64Array(size * rank * dState),
    v: new Float64Array(size * rank * headDim),
    gamma: new Float64Array(size),
    weight: new Float64Array(size),
    logDecay: new Float64Array(size),
    decay: new Float64Array(size * size),
    y: new Float64Array(size * rank * headDim),
  }
}

/** Copies one head of the tokens from row `first` of (batch · length), with their weights and decays. */
function loadChunk(
  chunk: Chunk,
  inputs: Mamba3ScanInputs,
  mimoX: Numbers,
  { rank, nHeads, headDim, dState }: Mamba3ScanDims,
  first: number,
  head: number,
): void {
  const { size, gamma, weight, logDecay, decay } = chunk
  const { delta, A, lambda } = inputs
  for (let t = 0; t < size; t++) {
    const i = (first + t) * nHeads + head
    logDecay[t] = delta[i]! * A[i]!
    gamma[t] = lambda[i]! * delta[i]!
    weight[t] = gamma[t]!
    if (t > 0) {
      weight[t - 1]! += (1 - lambda[i]!) * delta[i]!
    }
    for (let r = 0; r < rank; r++) {
      const source = (((first + t) * rank + r) * nHeads + head) * dState
      const target = (t * rank + r) * dState
      for (let n = 0; n < dState; n++) {
        chunk.q[target + n] = inputs.q[source + n]!
        chunk.k[target + n] = inputs.k[source + n]!
      }
      for (let p = 0; p < headDim; p++) {
        chunk.v[(t * rank + r) * headDim + p] =
          inputs.v[i * headDim + p]! * mimoX[(head * rank + r) * headDim + p]!
      }
    }
  }
  segmentDecay(logDecay, size, decay)
}

/**
 * h ← h + (1 − λ) Δ Σᵣ vʳ (kʳ)ᵀ of the token before the chunk: the share of it that waited for the step size
 * of the chunk's first token, at row `first` of (batch · length).
 */
function addPendingToken(
  h: Float64Array,
  state: Mamba3ScanState<Float64Array>,
  { delta, lambda }: Mamba3ScanInputs,
  mimoX: Numbers,
  { length, rank, nHeads, headDim, dState }: Mamba3ScanDims,
  first: number,
  head: number,
): void {
  const b = Math.floor(first / length)
  const i = first * nHeads + head
  const share = (1 - lambda[i]!) * delta[i]!
  for (let r = 0; r < rank; r++) {
    const key = ((b * rank + r) * nHeads + head) * dState
    for (let p = 0; p < headDim; p++) {
      const value =
        share * state.v[(b * nHeads + head) * headDim + p]! * mimoX[(head * rank + r) * headDim + p]!
      addScaled(h, p * dState, value, state.k, key, dState)
    }
  }
}

/** y = Σ_{s<t} L[t, s] (qₜ·kₛ) wₛ vₛ + γₜ (qₜ·kₜ) vₜ, over the ranks of s, for every rank of t. */
function multiplyWithin({ size, q, k, v, gamma, weight, decay, y }: Chunk, dims: Mamba3ScanDims): void {
  const { rank, headDim, dState } = dims
  y.fill(0)
  for (let row = 0; row < size * rank; row++) {
    const t = Math.floor(row / rank)
    for (let column = 0; column < (t + 1) * rank; column++) {
      const s = Math.floor(column / rank)
      const share = s === t ? gamma[t]! : decay[t * size + s]! * weight[s]!
      const score = share * dot(q, row * dState, k, column * dState, dState)
      addScaled(y, row * headDim, score, v, column * headDim, headDim)
    }
  }
}

/** yₜ += exp(Σ_{s≤t} Δₛ Aₛ) h qₜ, with h the state before the chunk, (headDim, dState). */
function readState(
  { size, q, logDecay, y }: Chunk,
  h: Float64Array,
  { rank, headDim, dState }: Mamba3ScanDims,
): void {
  let elapsed = 0
  for (let t = 0; t < size; t++) {
    elapsed += logDecay[t]!
    const decay = Math.exp(elapsed)
    for (let row = t * rank; row < (t + 1) * rank; row++) {
      for (let p = 0; p < headDim; p++) {
        y[row * headDim + p]! += decay * dot(h, p * dState, q, row * dState, dState)
      }
    }
  }
}

/** h ← exp(Σ Δ A) h + Σₛ L[last, s] wₛ Σᵣ vʳₛ (kʳₛ)ᵀ. The last token's w is its γ: nothing follows it yet. */
function passState(
  { size, k, v, weight, logDecay, decay }: Chunk,
  h: Float64Array,
  dims: Mamba3ScanDims,
): void {
  const { rank, headDim, dState } = dims
  let elapsed = 0
  for (let t = 0; t < size; t++) {
    elapsed += logDecay[t]!
  }
  const total = Math.exp(elapsed)
  for (let i = 0; i < headDim * dState; i++) {
    h[i]! *= total
  }
  for (let row = 0; row < size * rank; row++) {
    const s = Math.floor(row / rank)
    const toEnd = decay[(size - 1) * size + s]! * weight[s]!
    for (let p = 0; p < headDim; p++) {
      addScaled(h, p * dState, toEnd * v[row * headDim + p]!, k, row * dState, dState)
    }
  }
}

/** Writes y + D v of one head. */
function storeChunk(
  target: Float64Array,
  { size, v, y }: Chunk,
  skip: number,
  { rank, nHeads, headDim }: Mamba3ScanDims,
  first: number,
  head: number,
): void {
  for (let row = 0; row < size * rank; row++) {
    const out = ((first * rank + row) * nHeads + head) * headDim
    for (let p = 0; p < headDim; p++) {
      target[out + p] = y[row * headDim + p]! + skip * v[row * headDim + p]!
    }
  }
}
