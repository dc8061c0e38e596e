/*
 * The convolution of mamba-130m: one layer of prefill, and decoding through a recorded program of 24 layers.
 *
 *   node --conditions=@mamba/source src/kernels/causal-conv1d/causal-conv1d.bench.ts
 */
import type { Backend } from '@mamba/core'
import { isTiny, measure } from '../../testing/measure.ts'
import { randomTensor } from '../../testing/random.ts'
import { webgpu } from '../../webgpu.ts'

const channels = 1536
const taps = 4
const layers = 24

function layer(backend: Backend, batch: number, length: number) {
  const x = randomTensor(backend, [batch, length, 2 * channels]).columns(0, channels)
  const args = {
    weight: randomTensor(backend, [channels, taps]),
    bias: randomTensor(backend, [channels]),
    state: randomTensor(backend, [batch, channels, taps - 1]),
    activation: 'silu',
  } as const
  return () => backend.ops.causalConv1d(x, args)
}

const bytesOf = (batch: number, length: number) => 4 * channels * batch * (2 * length + 2 * (taps - 1))

const backend = await webgpu({ software: true })
console.log(backend.info.device)
const tiny = isTiny(backend)

for (const batch of tiny ? [1] : [1, 8, 64]) {
  const runs = Array.from({ length: layers }, () => layer(backend, batch, 1))
  const program = backend.capture(() => runs.map((run) => run()))
  const bytes = bytesOf(batch, 1) + 4 * channels * (taps + 1)
  await measure(backend, `decoding, batch ${batch}`, () => program.replay(), { bytes, calls: layers })
}
for (const length of tiny ? [40] : [512, 2048, 16384]) {
  const bytes = bytesOf(1, length)
  await measure(backend, `${length} positions`, layer(backend, 1, length), { bytes })
}
backend.destroy()
