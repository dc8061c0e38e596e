import { copyOrZeros, expectChunkSize, type Numbers } from './numbers.ts'
import { segmentDecay } from './segment-decay.ts'
import { checkSsd, type SsdDims, type SsdInputs, type SsdResult, skipWeights } from './ssd.ts'
import { addScaled, dot } from './vector.ts'

/**
 * State-space dual layer as the official kernels compute it from float32 on a GPU with tensor cores: in chunks, with
 * the operands of every matrix product cut to TF32, that is to 10 bits of mantissa. Sums are exact here.
 *
 * It is no good way to compute anything. It tells what a reference that was computed with those kernels owes to them:
 * their results are some 10⁻³ of a standard deviation away from what float32 gives.
 *
 * The products are C Bᵀ; (L ∘ C Bᵀ) diag(Δ) times x; x times B scaled by Δ and the decay to the chunk's end; and
 * C times the state before the chunk.
 *
 * Source: state-spaces/mamba, ops/triton/ssd_combined.py and the kernels that it calls: `tl.dot` of float32 operands,
 * whose lower 13 bits the hardware does not read.
 * @param chunkSize tokens per chunk, at least 1
 * @throws ShapeError, ConfigError as `ssdChunked`
 */
export function ssdTf32(inputs: SsdInputs, dims: SsdDims, chunkSize: number): SsdResult {
  checkSsd('ssdTf32', inputs, dims)
  expectChunkSize('ssdTf32', chunkSize)
  const { batch, length, nHeads, headDim, nGroups, dState } = dims
  const skip = skipWeights(inputs.D, nHeads, headDim)
  const y = new Float64Array(batch * length * nHeads * headDim)
  const h = copyOrZeros(inputs.h0, batch * nHeads * headDim * dState)
  const x = cutAll(inputs.x)
  const B = cutAll(inputs.B)
  const C = cutAll(inputs.C)
  const scaledB = new Float64Array(dState)

  for (let b = 0; b < batch; b++) {
    for (let start = 0; start < length; start += chunkSize) {
      const size = Math.min(chunkSize, length - start)
      const logDecay = new Float64Array(size)
      const decay = new Float64Array(size * size)
      for (let head = 0; head < nHeads; head++) {
        const group = Math.floor((head * nGroups) / nHeads)
        const stepAt = (t: number) => (b * length + start + t) * nHeads + head
        const rowAt = (t: number) => ((b * length + start + t) * nGroups + group) * dState
        for (let t = 0; t < size; t++) logDecay[t] = inputs.delta[stepAt(t)]! * inputs.A[head]!
        segmentDecay(logDecay, size, decay)
        const stateSize = headDim * dState
        const H = h.subarray((b * nHeads + head) * stateSize, (b * nHeads + head + 1) * stateSize)
        const before = cutAll(H)

        let elapsed = 0
        for (let t = 0; t < size; t++) {
          elapsed += logDecay[t]!
          const out = stepAt(t) * headDim
          for (let p = 0; p < headDim; p++) {
            const fromBefore = Math.exp(elapsed) * dot(before, p * dState, C, rowAt(t), dState)
            y[out + p] = fromBefore + skip[head * headDim + p]! * inputs.x[out + p]!
          }
          for (let s = 0; s <= t; s++) {
            const score = dot(C, rowAt(t), B, rowAt(s), dState)
            const weight = cut(score * decay[t * size + s]! * inputs.delta[stepAt(s)]!)
            addScaled(y, out, weight, x, stepAt(s) * headDim, headDim)
          }
        }

        for (let i = 0; i < stateSize; i++) H[i]! *= Math.exp(elapsed)
        for (let s = 0; s < size; s++) {
          const scale = decay[(size - 1) * size + s]! * inputs.delta[stepAt(s)]!
          for (let n = 0; n < dState; n++) scaledB[n] = cut(inputs.B[rowAt(s) + n]! * scale)
          for (let p = 0; p < headDim; p++) {
            addScaled(H, p * dState, x[stepAt(s) * headDim + p]!, scaledB, 0, dState)
          }
        }
      }
    }
  }
  return { y, h }
}

const value = new Float32Array(1)
const bits = new Uint32Array(value.buffer)

/** A float32 without the 13 lowest of its 23 bits of mantissa. */
function cut(x: number): number {
  value[0] = x
  bits[0]! &= 0xffffe000
  return value[0]!
}

function cutAll(values: Numbers): Float64Array {
  return Float64Array.from(values, cut)
}
