import * as ssm from '@mamba/core/ssm'
import { abs, causalConv1dInputs, EPSILON, expectWithin } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../../backend.ts'
import { webgpu } from '../../webgpu.ts'

const tolerance = { epsilon: EPSILON.f32, observed: 5, k: 16 }

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

describe('the convolution', () => {
  // Tiles are of 16 positions, unless there are more taps than that.
  test.each([
    { taps: 4, length: 3 },
    { taps: 4, length: 50 },
    { taps: 17, length: 33 },
    { taps: 40, length: 20 },
    { taps: 40, length: 90 },
  ])('has any number of taps: $taps, over $length positions', async ({ taps, length }) => {
    const dims = { batch: 2, length, channels: 70, taps }
    const { x, weight, bias, state } = causalConv1dInputs(dims, 1)
    const tensor = (data: Float32Array, ...shape: number[]) => backend.tensor(data.slice(), shape, 'f32')
    const stateTensor = tensor(state, 2, 70, taps - 1)
    const args = { weight: tensor(weight, 70, taps), bias: tensor(bias, 70), state: stateTensor }
    const xTensor = tensor(x, 2, length, 70)
    const y = backend.ops.causalConv1d(xTensor, { ...args, activation: 'silu' })
    const want = ssm.causalConv1d({ x, weight, bias, state }, dims, 'silu')
    const absolute = { x: abs(x), weight: abs(weight), bias: abs(bias), state: abs(state) }
    const scale = ssm.causalConv1d(absolute, dims, 'none')
    expectWithin((await y.read()) as Float32Array, want.y, scale.y, tolerance)
    expect(await stateTensor.read()).toEqual(Float32Array.from(want.state))
    for (const used of [xTensor, y, ...Object.values(args)]) used.destroy()
  })
})
