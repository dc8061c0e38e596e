import { expect, test } from 'vitest'
import { runCaptured } from '../testing/captured-io.ts'
import { version } from '../version.ts'

test('names the versions and the backends', async () => {
  const { status, output } = await runCaptured(['doctor'])
  expect(status).toBe(0)
  expect(output).toMatch(new RegExp(`^mamba +${version}$`, 'm'))
  expect(output).toMatch(new RegExp(`^node +${process.versions.node}$`, 'm'))
  expect(output).toMatch(/^backend wasm +works: WebAssembly, (relaxed )?SIMD, \d+ threads?$/m)
  expect(output).toMatch(/^backend cpu +works: JavaScript, 1 thread$/m)
})

test('--json prints one object', async () => {
  const { output } = await runCaptured(['doctor', '--json'])
  expect(JSON.parse(output)).toMatchObject({
    mamba: version,
    node: process.versions.node,
    backends: [
      { name: 'wasm', available: true },
      { name: 'cpu', available: true, device: 'JavaScript, 1 thread' },
    ],
  })
})
