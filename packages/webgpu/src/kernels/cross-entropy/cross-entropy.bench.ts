/*
 * The cross-entropy over the vocabulary of mamba-130m, 50,280.
 *
 *   node --conditions=@mamba/source src/kernels/cross-entropy/cross-entropy.bench.ts
 */
import { isTiny, measure } from '../../testing/measure.ts'
import { randomTensor } from '../../testing/random.ts'
import { webgpu } from '../../webgpu.ts'

const vocabulary = 50280
const backend = await webgpu({ software: true })
console.log(backend.info.device)

for (const rows of isTiny(backend) ? [4] : [1, 128, 512, 2048]) {
  const logits = randomTensor(backend, [1, rows, vocabulary], -10, 10)
  const ids = Int32Array.from({ length: rows }, (_, row) => (row * 7919) % vocabulary)
  const targets = backend.tensor(ids, [1, rows], 'i32')
  const run = () => backend.ops.crossEntropy(logits, targets)
  await measure(backend, `${rows} rows`, run, { bytes: 4 * rows * vocabulary })
}
backend.destroy()
