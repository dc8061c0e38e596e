/*
 * The scan of mamba3-siso-187m and mamba3-mimo-187m: one layer of prefill, and decoding through a recorded program of 12
 * layers, whose states are 12 different ones.
 *
 *   node --conditions=@mamba/source src/kernels/mamba3-scan/mamba3-scan.bench.ts
 */
import type { Backend, Mamba3ScanArgs, Tensor } from '@mamba/core'
import { isTiny, measure } from '../../testing/measure.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { randomTensor } from '../../testing/random.ts'
import { webgpu } from '../../webgpu.ts'
import { planMamba3Blocks } from './in-blocks.ts'
import { planMamba3Step } from './step.ts'

interface Model {
  readonly name: string
  readonly rank: number
  readonly isMimo: boolean
}

const nHeads = 24
const headDim = 64
const dInner = nHeads * headDim
const dState = 128
const nAngles = 32
const layers = 12

function layer(backend: Backend, { rank, isMimo }: Model, batch: number, length: number) {
  const owned: Tensor[] = []
  const random = (shape: number[], low?: number, high?: number) => {
    const tensor = randomTensor(backend, shape, low, high)
    owned.push(tensor)
    return tensor
  }
  const projected = random([batch, length, 2 * dInner + 2 * rank * dState + 3 * nHeads + nAngles])
  let end = 0
  const columns = (width: number) => {
    end += width
    return projected.columns(end - width, end)
  }
  const [z, x] = [columns(dInner), columns(dInner)]
  columns(2 * rank * dState)
  const [dt, ddA, trap, angles] = [columns(nHeads), columns(nHeads), columns(nHeads), columns(nAngles)]
  const perRank = () => random([nHeads, rank, headDim])
  const args: Mamba3ScanArgs = {
    ...{ x, z, dt, ddA, trap, angles, aFloor: 1e-4 },
    B: random([batch, length, rank * dState]),
    C: random([batch, length, rank * dState]),
    dtBias: random([nHeads], -6, -2),
    BBias: random([nHeads, rank, dState]),
    CBias: random([nHeads, rank, dState]),
    D: random([nHeads]),
    mimo: isMimo ? { x: perRank(), z: perRank(), o: perRank() } : undefined,
    state: {
      angle: random([batch, nHeads, nAngles], 0, 6),
      ssm: random([batch, nHeads, headDim, dState]),
      k: random([batch, rank, nHeads, dState]),
      v: random([batch, nHeads, headDim]),
    },
  }
  const destroy = () => {
    for (const tensor of owned) tensor.destroy()
  }
  return { args, destroy }
}

/** The state, x, z and y once, and B and C. */
const bytesOf = ({ rank }: Model, batch: number, length: number) =>
  4 * batch * (dInner * (2 * dState + 3 * length) + 2 * rank * dState * (length + nHeads))

/** Of the block form with chunks of 64 rows: per row and head the scores, outputs of the states and within chunks, states. */
const flopsOf = ({ rank }: Model, batch: number, length: number) =>
  2 * batch * length * rank * nHeads * (64 * dState + headDim * (2 * dState + 64))

const backend = await webgpu({ software: true })
console.log(backend.info.device)
const tiny = isTiny(backend)

for (const model of [
  { name: 'mamba3-siso-187m', rank: 1, isMimo: false },
  { name: 'mamba3-mimo-187m', rank: 4, isMimo: true },
]) {
  for (const batch of tiny ? [1] : [1, 8, 64]) {
    const own = Array.from({ length: tiny ? 1 : layers }, () => layer(backend, model, batch, 1))
    const program = backend.capture(() => own.map(({ args }) => backend.ops.mamba3Scan(args)))
    const options = { bytes: bytesOf(model, batch, 1), calls: own.length }
    await measure(backend, `${model.name}, decoding, batch ${batch}`, () => program.replay(), options)
    program.destroy()
    for (const { destroy } of own) destroy()
  }

  for (const length of tiny ? [16] : [8, 16, 32, 64]) {
    const { args, destroy } = layer(backend, model, 1, length)
    const y = backend.zeros(args.x.shape)
    const planner = plannerOf(backend)
    for (const [form, plan] of [
      ['recurrence', planMamba3Step],
      ['blocks', planMamba3Blocks],
    ] as const) {
      const fn = () => {
        plan(planner, { op: 'mamba3Scan', args, y })
        // Frees what the plan took: it is no op of the backend.
        backend.ops.release(backend.ops.scale(args.D, 1))
      }
      await measure(backend, `${model.name}, ${length} positions, ${form}`, fn)
    }
    y.destroy()
    destroy()
  }

  for (const [batch, length] of tiny
    ? []
    : ([
        [1, 512],
        [1, 2048],
        [1, 16384],
        [8, 2048],
      ] as const)) {
    const { args, destroy } = layer(backend, model, batch, length)
    const label = `${model.name}, ${length} positions, batch ${batch}`
    const options = { bytes: bytesOf(model, batch, length), flops: flopsOf(model, batch, length) }
    const run = () => backend.ops.mamba3Scan(args)
    await measure(backend, label, run, options)
    if (batch === 1 && length === 2048) {
      const times = await backend.profile(() => backend.ops.scope(() => void run()))
      for (const { kernel, microseconds } of times) {
        console.log(`  ${kernel.padEnd(54)} ${microseconds.toFixed(2).padStart(10)} µs`)
      }
    }
    destroy()
  }
}
backend.destroy()
