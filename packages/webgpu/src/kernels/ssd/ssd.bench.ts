/*
 * The state-space duality of mamba2-130m and mamba2-1.3b: one layer of prefill, and decoding through a recorded program
 * of 24 layers, whose states are 24 different ones.
 *
 *   node --conditions=@mamba/source src/kernels/ssd/ssd.bench.ts
 */
import type { Backend, SsdArgs } from '@mamba/core'
import { isTiny, measure } from '../../testing/measure.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { randomTensor } from '../../testing/random.ts'
import { webgpu } from '../../webgpu.ts'
import { planSsdBlocks } from './ssd.ts'
import { planSsdStep } from './step.ts'

interface Model {
  readonly name: string
  readonly nHeads: number
}

const headDim = 64
const dState = 128
const layers = 24

function layer(backend: Backend, { nHeads }: Model, batch: number, length: number): SsdArgs {
  const random = (shape: number[], low?: number, high?: number) => randomTensor(backend, shape, low, high)
  const dInner = nHeads * headDim
  const convolved = random([batch, length, dInner + 2 * dState])
  const projected = random([batch, length, 2 * dInner + 2 * dState + nHeads])
  return {
    x: convolved.columns(0, dInner),
    B: convolved.columns(dInner, dInner + dState),
    C: convolved.columns(dInner + dState, dInner + 2 * dState),
    dt: projected.columns(2 * dInner + 2 * dState, 2 * dInner + 2 * dState + nHeads),
    dtBias: random([nHeads], -6, -2),
    dtLimit: [0, Number.POSITIVE_INFINITY],
    A: random([nHeads], -16, -1),
    D: random([nHeads]),
    state: random([batch, nHeads, headDim, dState]),
  }
}

function destroy({ x, dt, dtBias, A, D, state }: SsdArgs): void {
  for (const tensor of [x.base!, dt.base!, dtBias, A, D, state]) tensor.destroy()
}

/** The state, x and y once, B, C and dt. */
const bytesOf = ({ nHeads }: Model, batch: number, length: number) =>
  4 * batch * (nHeads * headDim * 2 * (dState + length) + length * (2 * dState + nHeads))

/** Of the block form with chunks of 64: the scores once, then per head states, outputs of them, and within chunks. */
const flopsOf = ({ nHeads }: Model, batch: number, length: number) =>
  2 * batch * length * (64 * dState + nHeads * headDim * (2 * dState + 64))

const backend = await webgpu({ software: true })
console.log(backend.info.device)
const tiny = isTiny(backend)

for (const model of [
  { name: 'mamba2-130m', nHeads: 24 },
  { name: 'mamba2-1.3b', nHeads: 64 },
]) {
  for (const batch of tiny ? [1] : [1, 8, 64]) {
    const args = Array.from({ length: tiny ? 1 : layers }, () => layer(backend, model, batch, 1))
    const program = backend.capture(() => args.map((own) => backend.ops.ssd(own)))
    const bytes = bytesOf(model, batch, 1)
    await measure(backend, `${model.name}, decoding, batch ${batch}`, () => program.replay(), {
      bytes,
      calls: args.length,
    })
    program.destroy()
    for (const own of args) destroy(own)
  }

  for (const length of tiny ? [64] : [8, 16, 32, 64]) {
    const args = layer(backend, model, 1, length)
    const y = backend.zeros(args.x.shape)
    const planner = plannerOf(backend)
    const bytes = bytesOf(model, 1, length)
    // Without scratch memory of its own to free: the next op of the backend does that.
    const after = () => backend.ops.release(backend.ops.scale(args.D, 1))
    for (const [form, plan] of [
      ['recurrence', planSsdStep],
      ['blocks', planSsdBlocks],
    ] as const) {
      const fn = () => {
        plan(planner, { op: 'ssd', args, y })
        after()
      }
      await measure(backend, `${model.name}, ${length} positions, ${form}`, fn, { bytes })
    }
    y.destroy()
    destroy(args)
  }

  for (const [batch, length] of tiny
    ? []
    : [[1, 512] as const, [1, 2048] as const, [1, 16384] as const, [8, 2048] as const]) {
    const args = layer(backend, model, batch, length)
    const label = `${model.name}, ${length} positions, batch ${batch}`
    const options = { bytes: bytesOf(model, batch, length), flops: flopsOf(model, batch, length) }
    await measure(backend, label, () => backend.ops.ssd(args), options)
    if (batch === 1 && length === 2048) {
      const times = await backend.profile(() => backend.ops.scope(() => void backend.ops.ssd(args)))
      for (const { kernel, microseconds } of times)
        console.log(`  ${kernel.padEnd(54)} ${microseconds.toFixed(2).padStart(10)} µs`)
    }
    destroy(args)
  }
}
backend.destroy()
