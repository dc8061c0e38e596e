import type { RmsNormArgs } from '@mamba/core'
import * as ssm from '@mamba/core/ssm'
import { abs, EPSILON, expectWithin, fill, seededRandom } from '@mamba/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import { limitedBackend } from '../../testing/limited.ts'
import { webgpu } from '../../webgpu.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

async function expectNorm(on: WebGpuBackend, rows: number, size: number, columns: number): Promise<void> {
  const random = seededRandom(size)
  const x = fill(rows * size, random.normal)
  const weight = fill(size, random.normal)
  const base = fill(rows * columns, () => Number.NaN)
  for (let row = 0; row < rows; row++) base.set(x.subarray(row * size, (row + 1) * size), row * columns)
  const args: RmsNormArgs = { eps: 1e-5, weight: on.tensor(weight.slice(), [size], 'f32') }
  const view = on.tensor(base, [rows, columns], 'f32').columns(0, size)
  const got = (await on.ops.rmsNorm(view, args).read()) as Float32Array
  const want = ssm.rmsNorm(x, weight, { rows, size, eps: 1e-5 })
  expectWithin(got, want, abs(want), { epsilon: EPSILON.f32, observed: 23, k: 64 })
}

describe('the norm', () => {
  test.each([
    ['vectors of four', 4100, 4104],
    ['single elements, as the rows are not aligned', 4100, 4101],
    ['single elements, as their number is odd', 1027, 1027],
  ])('has any size: %s', async (_, size, columns) => {
    await expectNorm(backend, 2, size, columns)
  })

  test('takes more rows than workgroups of one dimension', async () => {
    const small = await limitedBackend({ maxWorkgroups: 4 })
    await expectNorm(small, 9, 8, 8)
    small.destroy()
  })
})
