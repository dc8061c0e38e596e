import { type DType, DTypeError } from '@mamba/core'
import { BF16, F16, F32, Q4_0, Q8_0 } from '../kernels.ts'

/** The kernels' numbers of the dtypes that weights have. */
const ids: Readonly<Partial<Record<DType, number>>> = {
  f32: F32,
  f16: F16,
  bf16: BF16,
  q8_0: Q8_0,
  q4_0: Q4_0,
}

/**
 * The number by which kernels know a dtype of weights.
 * @throws DTypeError if core takes it for weights, but the kernels do not know it
 */
export function weightDTypeId(dtype: DType): number {
  const id = ids[dtype]
  if (id === undefined)
    throw new DTypeError(`wasm: there is no kernel for ${dtype} weights; use the cpu backend`)
  return id
}
