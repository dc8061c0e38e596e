import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('a process with a device that nobody destroyed ends by itself', () => {
  const script = `
    import { webgpu } from ${JSON.stringify(new URL('./webgpu.ts', import.meta.url).href)}
    const backend = await webgpu({ software: true })
    const x = backend.tensor(Float32Array.of(1, 2), [2], 'f32')
    process.stdout.write(String(await backend.ops.add(x, x).read()))
  `
  const args = ['--conditions=@mamba/source', '--input-type=module', '--eval', script]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { timeout: 20_000, encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '2,4', stderr: '' })
})
