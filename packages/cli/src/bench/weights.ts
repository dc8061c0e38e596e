import { byteLength, type DType, type Tensor } from '@mamba/core'

/** What a model's weights are made of, as the backend holds them. */
export interface WeightUse {
  /** The dtype that most bytes are in. */
  readonly weightDtype: DType
  readonly weightBytes: number
  /** Bytes that decoding one token must read: of the embedding one row, unless it is the output head as well. */
  readonly bytesPerToken: number
}

const embedding = /(?:^|\.)embeddings?\.weight$/

/** @param tensors of a model, by their names in the checkpoint; at least one */
export function weightUse(tensors: ReadonlyMap<string, Tensor>): WeightUse {
  const hasHead = [...tensors.keys()].some((name) => name.endsWith('lm_head.weight'))
  const byDtype = new Map<DType, number>()
  let weightBytes = 0
  let bytesPerToken = 0
  for (const [name, { dtype, shape }] of tensors) {
    const bytes = byteLength(dtype, shape)
    byDtype.set(dtype, (byDtype.get(dtype) ?? 0) + bytes)
    weightBytes += bytes
    bytesPerToken += hasHead && embedding.test(name) ? bytes / shape[0]! : bytes
  }
  const [[weightDtype]] = [...byDtype].sort(([, a], [, b]) => b - a) as [[DType, number]]
  return { weightDtype, weightBytes, bytesPerToken }
}
