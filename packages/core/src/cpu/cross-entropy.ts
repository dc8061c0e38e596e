import { checkCrossEntropy, checkIds } from '../ops/checks.ts'
import type { Tensor } from '../tensor.ts'
import { dense, denseF32 } from './storage.ts'

/** `Ops.crossEntropy`: log Σ exp(logits) − logits[target], the maximum taken out before exp. */
export function crossEntropy(logits: Tensor, targets: Tensor): Float32Array {
  const { vocabulary } = checkCrossEntropy(logits, targets)
  const ids = dense(targets) as Int32Array
  checkIds('crossEntropy', ids, vocabulary)
  const data = denseF32(logits)
  const out = new Float32Array(ids.length)
  for (const [row, id] of ids.entries()) {
    const start = row * vocabulary
    let largest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < vocabulary; i++) largest = Math.max(largest, data[start + i]!)
    let sum = 0
    for (let i = 0; i < vocabulary; i++) sum += Math.exp(data[start + i]! - largest)
    out[row] = Math.log(sum) + largest - data[start + id]!
  }
  return out
}
