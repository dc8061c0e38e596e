/*
 * The norms of mamba-130m (768) and mamba2-130m (1536, gated): prefill, and decoding through a recorded program of 24.
 *
 *   node --conditions=@mamba/source src/kernels/rms-norm/rms-norm.bench.ts
 */
import type { Backend } from '@mamba/core'
import { isTiny, measure } from '../../testing/measure.ts'
import { randomTensor } from '../../testing/random.ts'
import { webgpu } from '../../webgpu.ts'

const layers = 24

function norm(backend: Backend, rows: number, size: number) {
  const x = randomTensor(backend, [1, rows, size])
  const weight = randomTensor(backend, [size])
  const isGated = size === 1536
  const gate = isGated ? randomTensor(backend, [1, rows, 2 * size]).columns(0, size) : undefined
  const args = { weight, eps: 1e-5, ...(gate && { gate }) }
  return { run: () => backend.ops.rmsNorm(x, args), bytes: 4 * size * (rows * (isGated ? 3 : 2) + 1) }
}

const backend = await webgpu({ software: true })
console.log(backend.info.device)

for (const size of [768, 1536]) {
  const norms = Array.from({ length: layers }, () => norm(backend, 1, size))
  const program = backend.capture(() => norms.map(({ run }) => run()))
  const { bytes } = norms[0]!
  await measure(backend, `${size}, decoding`, () => program.replay(), { bytes, calls: layers })
  for (const rows of isTiny(backend) ? [10] : [64, 512, 2048, 16384]) {
    const { run, bytes } = norm(backend, rows, size)
    await measure(backend, `${size}, ${rows} rows`, run, { bytes })
  }
}
backend.destroy()
