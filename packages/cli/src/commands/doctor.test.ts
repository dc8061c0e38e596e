import { expect, test } from 'vitest'
import { reportBackends } from '../backends.ts'
import { runCaptured } from '../testing/captured-io.ts'
import { version } from '../version.ts'

test('names the versions and the backends', async () => {
  const { status, output } = await runCaptured(['doctor'])
  expect(status).toBe(0)
  expect(output).toMatch(new RegExp(`^mamba +${version}$`, 'm'))
  expect(output).toMatch(new RegExp(`^node +${process.versions.node}$`, 'm'))
  expect(output).toMatch(/^backend wasm +works: WebAssembly, (relaxed )?SIMD, \d+ threads?$/m)
  expect(output).toMatch(/^backend webgpu +(works: WebGPU, \S|does not work here: webgpu: )/m)
  expect(output).toMatch(/^backend cpu +works: JavaScript, 1 thread$/m)
})

test('--json prints one object', async () => {
  const { output } = await runCaptured(['doctor', '--json'])
  expect(JSON.parse(output)).toMatchObject({
    mamba: version,
    node: process.versions.node,
    backends: [
      { name: 'webgpu' },
      { name: 'wasm', available: true },
      { name: 'cpu', available: true, device: 'JavaScript, 1 thread' },
    ],
  })
})

test('shows what the graphics card can do, or what stands in for one', async (context) => {
  const [webgpu] = await reportBackends()
  context.skip(!webgpu?.available, 'there is none here')
  const { output } = await runCaptured(['doctor'])
  expect(output).toMatch(/^ +features: .*core-features-and-limits/m)
  expect(output).toMatch(/^ +maxStorageBuffersPerShaderStage +([89]|\d\d+)$/m)
  expect(webgpu).toMatchObject({ limits: { maxBufferSize: expect.any(Number) } })
})
