import { fromFloat32 } from '@mamba/core'
import { isTiny, measure } from '../../testing/measure.ts'
import { webgpu } from '../../webgpu.ts'

/* The embedding of mamba-130m. */
const backend = await webgpu({ software: true })
const [vocabulary, size, length] = isTiny(backend) ? [64, 32, 8] : [50_280, 768, 16_384]

for (const dtype of ['f32', 'f16', 'q8_0', 'q4_0'] as const) {
  const values = new Float32Array(vocabulary * size).fill(1)
  const table = backend.tensor(fromFloat32(dtype, values), [vocabulary, size], dtype)
  const ids = Int32Array.from({ length }, (_, i) => (i * 7919) % vocabulary)
  const tensor = backend.tensor(ids, [1, length], 'i32')
  await measure(backend, `${length} rows of ${dtype}`, () => backend.ops.embedding(table, tensor), {
    bytes: length * size * 4,
  })
  table.destroy()
  tensor.destroy()
}
backend.destroy()
