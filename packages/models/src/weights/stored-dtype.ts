import { type DType, dtypeLayout } from '@mamba/core'

/** Matrices of products and embeddings, by their names in the official and in Hugging Face's layout. */
const matrices = /(?:^|\.)(?:embeddings?|lm_head|(?:in|x|dt|out)_proj|fc[12])\.weight$/

/** Whether a tensor is a matrix of a product or an embedding, which backends compute with in any weight dtype. */
export function isMatrix(name: string): boolean {
  return matrices.test(name)
}

/**
 * The dtype that a tensor gets when a checkpoint is written in `dtype`: matrices get it, all else stays f32.
 *
 * The projection to Δ is not quantised. It is small, its rows are often no whole number of blocks, and what it
 * computes becomes an exponent. Other matrices stay f32 too where their rows cannot be cut into blocks.
 */
export function storedDType(name: string, shape: readonly number[], dtype: DType): DType {
  if (!isMatrix(name)) return 'f32'
  const { elements } = dtypeLayout(dtype)
  const keepsPrecision = elements > 1 && (name.endsWith('dt_proj.weight') || shape.at(-1)! % elements !== 0)
  return keepsPrecision ? 'f32' : dtype
}
