import { fromFloat32, type Tensor } from '@mamba/core'
import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { isTiny, measureKernels } from '../../testing/measure.ts'
import { plannerOf } from '../../testing/planner-of.ts'
import { webgpu } from '../../webgpu.ts'
import { type FewRowsShape, planFewRows } from './few-rows.ts'
import { planLinear } from './linear.ts'
import { planManyRows } from './many-rows.ts'
import { type WeightDType, weightBytes } from './weights.ts'

/*
 * The products of mamba-130m: [out, in] of in_proj, x_proj, dt_proj, out_proj and the output head. Each goes through as
 * many weights as do not fit into a card's cache.
 */
const backend = await webgpu({ software: true })
const tiny = isTiny(backend)
/** Memory for intermediate results, which one plan after the other uses. */
const scratch = backend.zeros([tiny ? 2 ** 16 : 2 ** 26])
const enqueuing = plannerOf(backend)
const planner: Planner = {
  ...enqueuing,
  scratch: () => enqueuing.binding(scratch).allocation,
}
const matrices: readonly (readonly [number, number])[] = tiny
  ? [[24, 64]]
  : [
      [3072, 768],
      [80, 1536],
      [1536, 48],
      [768, 1536],
      [50_280, 768],
    ]
/** Bytes of weights that one call after the other goes through. */
const CACHE_BYTES = tiny ? 0 : 150e6

type Plan = (node: LinearNode) => void

async function bench(
  label: string,
  plan: Plan,
  rows: number,
  [dOut, dIn]: readonly [number, number],
  dtype: WeightDType,
) {
  const stored = fromFloat32(dtype, new Float32Array(dOut * dIn).fill(0.5))
  const make = () => backend.tensor(stored, [dOut, dIn], dtype)
  const first = make()
  const bytes = weightBytes(first, dOut)
  const weights: Tensor[] = [first]
  while (weights.length < 64 && weights.length * bytes < CACHE_BYTES) weights.push(make())
  const x = backend.zeros([rows, dIn])
  const y = backend.zeros([rows, dOut])
  const fn = () => {
    for (const weight of weights) plan({ op: 'linear', x, weight, y })
  }
  await measureKernels(backend, `${label} [${rows}, ${dIn}] · [${dOut}, ${dIn}]ᵀ ${dtype}`, fn, {
    calls: weights.length,
    bytes: bytes + 4 * rows * (dIn + dOut),
    flops: 2 * rows * dIn * dOut,
  })
  for (const tensor of [x, y, ...weights]) tensor.destroy()
}

for (const rows of tiny ? [1] : [1, 8]) {
  for (const matrix of matrices) {
    for (const dtype of ['f16', 'q8_0', 'q4_0'] as const) {
      if (matrix[1] % 32 === 0 || dtype === 'f16') {
        await bench('few rows', (node) => planLinear(planner, node), rows, matrix, dtype)
      }
    }
  }
}

const shapes: readonly Partial<FewRowsShape>[] = [1, 2, 4].flatMap((outputs) =>
  [1, 2, 4].flatMap((unroll) => [true, false].map((isUnrolled) => ({ outputs, unroll, isUnrolled }))),
)
for (const rows of [1, 4, 8]) {
  for (const shape of tiny ? shapes.slice(0, 1) : shapes) {
    await bench(JSON.stringify(shape), (node) => planFewRows(planner, node, shape), rows, matrices[0]!, 'f16')
  }
}

for (const rows of tiny ? [9] : [16, 32, 64]) {
  await bench('few rows', (node) => planFewRows(planner, node), rows, matrices[0]!, 'f16')
  for (const splits of [1, 2, 4, 8]) {
    const plan: Plan = (node) => planManyRows(planner, node, { tile: 'small', splits })
    await bench(`small tiles, ${splits} splits`, plan, rows, matrices[0]!, 'f16')
  }
}

for (const rows of tiny ? [70] : [512, 2048, 16_384]) {
  for (const matrix of matrices.slice(0, 4)) {
    for (const tile of ['large', 'small'] as const) {
      const plan: Plan = (node) => planManyRows(planner, node, { tile })
      await bench(`${tile} tiles`, plan, rows, matrix, 'f16')
    }
  }
}
backend.destroy()
