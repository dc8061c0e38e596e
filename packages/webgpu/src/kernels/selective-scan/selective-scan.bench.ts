/*
 * The selective scan of mamba-130m: one layer of prefill, and decoding through a recorded program of 24 layers, whose
 * states are 24 different ones.
 *
 *   node --conditions=@mamba/source src/kernels/selective-scan/selective-scan.bench.ts
 */
import type { Backend } from '@mamba/core'
import { isTiny, measure } from '../../testing/measure.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { randomTensor } from '../../testing/random.ts'
import { webgpu } from '../../webgpu.ts'
import { planSelectiveScanAs, type ScanForm } from './selective-scan.ts'

const dInner = 1536
const dState = 16
const layers = 24

function layer(backend: Backend, batch: number, length: number) {
  const random = (shape: number[], low?: number, high?: number) => randomTensor(backend, shape, low, high)
  const selection = random([batch, length, 80])
  return {
    u: random([batch, length, dInner]),
    dt: random([batch, length, dInner]),
    dtBias: random([dInner], -6, -2),
    A: random([dInner, dState], -16, -1),
    B: selection.columns(48, 64),
    C: selection.columns(64, 80),
    D: random([dInner]),
    z: random([batch, length, 2 * dInner]).columns(dInner, 2 * dInner),
    state: random([batch, dInner, dState]),
  }
}

/** u, dt, z and y; the states are read and written once. */
const bytesOf = (batch: number, length: number) => 4 * batch * dInner * (4 * length + 2 * dState)

const nameOf = (form: ScanForm) => (typeof form === 'string' ? form : `chunks of ${form.chunkLength}`)

const backend = await webgpu({ software: true })
console.log(backend.info.device)
const tiny = isTiny(backend)

for (const batch of tiny ? [1] : [1, 8, 64]) {
  const args = Array.from({ length: layers }, () => layer(backend, batch, 1))
  const program = backend.capture(() => args.map((own) => backend.ops.selectiveScan(own)))
  const bytes = bytesOf(batch, 1) + 4 * dInner * dState
  await measure(backend, `decoding, batch ${batch}`, () => program.replay(), { bytes, calls: layers })
}

for (const length of tiny ? [300] : [64, 128, 256, 512, 2048, 16384]) {
  const args = layer(backend, 1, length)
  const bytes = bytesOf(1, length)
  await measure(backend, `${length} positions`, () => backend.ops.selectiveScan(args), { bytes })
  const y = backend.zeros(args.u.shape)
  const planner = plannerOf(backend)
  const chunks = [32, 64, 128, 256].filter((size) => size < length).map((chunkLength) => ({ chunkLength }))
  for (const form of [...(length < 1000 ? ['step' as const, 'short' as const] : []), ...chunks]) {
    const run = () => {
      planSelectiveScanAs(form, planner, { op: 'selectiveScan', args, y })
      // The next op of the backend frees the scratch memory.
      backend.ops.scale(args.D, 1)
    }
    await measure(backend, `${length} positions, ${nameOf(form)}`, run, { bytes })
  }
  for (const tensor of [...Object.values(args), y]) (tensor.base ?? tensor).destroy()
}

for (const [batch, length] of tiny ? [] : [[8, 2048] as const, [64, 512] as const]) {
  const args = layer(backend, batch, length)
  const run = () => backend.ops.selectiveScan(args)
  await measure(backend, `${length} positions, batch ${batch}`, run, { bytes: bytesOf(batch, length) })
}
backend.destroy()
