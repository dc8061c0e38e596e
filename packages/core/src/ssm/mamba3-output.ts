import { silu } from './activations.ts'
import { expectShape, type Numbers } from './numbers.ts'

/** What the output stage reads. */
export interface Mamba3OutputInputs {
  /** (batch, length, rank, nHeads, headDim), the result of the scan */
  readonly y: Numbers
  /** (batch, length, nHeads, headDim) */
  readonly z: Numbers
  /** (nHeads, rank, headDim), weights that make the rank gates of z; ones if absent */
  readonly mimoZ?: Numbers | undefined
  /** (nHeads, rank, headDim), weights that add the ranks up; ones if absent */
  readonly mimoO?: Numbers | undefined
  /** (nHeads, headDim), shared by the ranks; no norm if absent (`is_outproj_norm` false) */
  readonly normWeight?: Numbers | undefined
}

export interface Mamba3OutputDims {
  readonly batch: number
  readonly length: number
  /** Outputs per head: 1 for SISO, mimo_rank for MIMO. */
  readonly rank: number
  readonly nHeads: number
  readonly headDim: number
}

/**
 * From the scan of Mamba-3 to its output projection: gate every rank, then add the ranks up.
 *
 *     out = Σᵣ yʳ ⊙ silu(z ⊙ mimoZʳ) ⊙ mimoOʳ
 *
 * With a norm weight, yʳ is first normalised over headDim: rms(yʳ) ⊙ normWeight. The norm comes before the
 * gate, the other way round than in published Mamba-2 models.
 *
 * Source: state-spaces/mamba, modules/mamba3.py.
 * @param options.eps added to the mean square; 1e-5 in the official code
 * @returns (batch, length, nHeads, headDim), the last two axes being dInner
 * @throws ShapeError if an input does not fit the dims
 */
export function mamba3Output(
  inputs: Mamba3OutputInputs,
  dims: Mamba3OutputDims,
  { eps = 1e-5 }: { readonly eps?: number } = {},
): Float64Array {
  checkOutput(inputs, dims)
  const { y, z, mimoZ, mimoO, normWeight } = inputs
  const { batch, length, rank, nHeads, headDim } = dims
  const out = new Float64Array(batch * length * nHeads * headDim)

  for (let rows = 0; rows < batch * length * rank; rows++) {
    const row = Math.floor(rows / rank)
    const r = rows % rank
    for (let head = 0; head < nHeads; head++) {
      const source = (rows * nHeads + head) * headDim
      const target = (row * nHeads + head) * headDim
      const weights = (head * rank + r) * headDim
      const scale = normWeight === undefined ? 1 : inverseRms(y, source, headDim, eps)
      for (let p = 0; p < headDim; p++) {
        const norm = normWeight === undefined ? 1 : scale * normWeight[head * headDim + p]!
        const gate = mimoZ === undefined ? z[target + p]! : z[target + p]! * mimoZ[weights + p]!
        const combine = mimoO === undefined ? 1 : mimoO[weights + p]!
        out[target + p]! += norm * y[source + p]! * silu(gate) * combine
      }
    }
  }
  return out
}

/** 1 / √(mean(y²) + eps) over `size` elements from `start`. */
function inverseRms(y: Numbers, start: number, size: number, eps: number): number {
  let squares = 0
  for (let i = start; i < start + size; i++) {
    squares += y[i]! * y[i]!
  }
  return 1 / Math.sqrt(squares / size + eps)
}

function checkOutput({ y, z, mimoZ, mimoO, normWeight }: Mamba3OutputInputs, dims: Mamba3OutputDims): void {
  const { batch, length, rank, nHeads, headDim } = dims
  expectShape('mamba3Output', 'y', y, { batch, length, rank, nHeads, headDim })
  expectShape('mamba3Output', 'z', z, { batch, length, nHeads, headDim })
  if (mimoZ !== undefined) {
    expectShape('mamba3Output', 'mimoZ', mimoZ, { nHeads, rank, headDim })
  }
  if (mimoO !== undefined) {
    expectShape('mamba3Output', 'mimoO', mimoO, { nHeads, rank, headDim })
  }
  if (normWeight !== undefined) {
    expectShape('mamba3Output', 'normWeight', normWeight, { nHeads, headDim })
  }
}
