import { fromFloat32, type Tensor, toFloat32 } from '@mamba/core'
import { fill, seededRandom } from '@mamba/testing'
import { isTiny, measureKernels } from '../../testing/measure.ts'
import { webgpu } from '../../webgpu.ts'
import type { WeightDType } from './weights.ts'

/*
 * What matrix units give, beside what float32 gives: the largest error of each, in units of 2⁻²⁴ Σ |x| |w| of the exact
 * product, and their speed. On a device without such units, both are float32.
 */
const backends = {
  'matrix units': await webgpu({ software: true }),
  float32: await webgpu({ software: true, features: { matrixUnits: false } }),
}
const tiny = isTiny(backends.float32)
const random = seededRandom(1)
/** Kinds of numbers: whose products cancel, whose products add up, and whose sizes differ. */
const kinds = {
  normal: random.normal,
  positive: () => 0.5 + random.uniform(),
  uneven: () => random.normal() * 2 ** random.integer(-24, 24),
}
/** Elements of y that are compared. */
const SAMPLES = 4096

interface Sizes {
  readonly rows: number
  readonly dIn: number
  readonly dOut: number
}

async function bench({ rows, dIn, dOut }: Sizes, dtype: WeightDType, kind: keyof typeof kinds) {
  const x = fill(rows * dIn, kinds[kind])
  const stored = fromFloat32(dtype, fill(dOut * dIn, kind === 'uneven' ? kinds.normal : kinds[kind]))
  const weight = toFloat32(dtype, stored, dOut * dIn)
  for (const [name, backend] of Object.entries(backends)) {
    const tensors = [
      backend.tensor(x.slice(), [rows, dIn], 'f32'),
      backend.tensor(stored.slice(), [dOut, dIn], dtype),
    ] as const
    const label = `[${rows}, ${dIn}] · [${dOut}, ${dIn}]ᵀ ${dtype}, ${kind}, ${name}`
    await measureKernels(backend, label, () => backend.ops.linear(...tensors), {
      flops: 2 * rows * dIn * dOut,
    })
    const y = backend.ops.linear(...tensors)
    const error = largestError(await floats(y), x, weight, { rows, dIn, dOut })
    console.log(`  off by ${(error * 2 ** 24).toFixed(2)} · 2⁻²⁴ Σ |x| |w|`)
    for (const tensor of [y, ...tensors]) tensor.destroy()
  }
}

async function floats(tensor: Tensor): Promise<Float32Array> {
  return (await tensor.read()) as Float32Array
}

function largestError(y: Float32Array, x: Float32Array, weight: Float32Array, { dIn, dOut }: Sizes): number {
  let largest = 0
  for (let i = 0; i < SAMPLES; i++) {
    const at = random.integer(0, y.length - 1)
    const [row, out] = [Math.floor(at / dOut), at % dOut]
    let sum = 0
    let scale = 0
    for (let k = 0; k < dIn; k++) {
      const product = x[row * dIn + k]! * weight[out * dIn + k]!
      sum += product
      scale += Math.abs(product)
    }
    largest = Math.max(largest, Math.abs(y[at]! - sum) / scale)
  }
  return largest
}

const first = tiny ? { rows: 64, dIn: 64, dOut: 32 } : { rows: 512, dIn: 1536, dOut: 768 }
for (const dtype of ['f16', 'bf16', 'q8_0', 'q4_0', 'f32'] as const) {
  for (const kind of ['normal', 'positive', 'uneven'] as const) await bench(first, dtype, kind)
}
for (const rows of tiny ? [] : [64, 512, 2048, 16_384]) {
  // in_proj, x_proj, dt_proj and out_proj of mamba-130m
  await bench({ rows, dIn: 768, dOut: 3072 }, 'f16', 'normal')
  await bench({ rows, dIn: 1536, dOut: 80 }, 'f16', 'normal')
  await bench({ rows, dIn: 48, dOut: 1536 }, 'f16', 'normal')
  await bench({ rows, dIn: 1536, dOut: 768 }, 'f16', 'normal')
}
for (const backend of Object.values(backends)) backend.destroy()
