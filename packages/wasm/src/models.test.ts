import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel } from '@mamba/models'
import { verifyCheckpoint } from '@mamba/models/verify'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { MAX_BYTES } from './memory.ts'
import { wasm } from './wasm.ts'

/** Logits, in standard deviations of the reference: a tenth of what verify allows. */
const largestDeviation = 2e-5

const fixtures = readdirSync(fixturePath('.')).filter((name) =>
  existsSync(join(fixturePath(name), 'expected.safetensors')),
)

describe('whole models', () => {
  test.each(fixtures)('agree with the reference implementation: %s', async (name) => {
    const backend = await wasm({ threads: 2 })
    const { checks } = await verifyCheckpoint(fixturePath(name), { backend })
    expect(checks.filter(({ ok }) => !ok)).toEqual([])
    expect(checks.find((check) => check.name.startsWith('logits'))!.value).toBeLessThan(largestDeviation)
    backend.destroy()
  })

  test('leave nothing behind when they are loaded, run and disposed of 100 times', async () => {
    const backend = await wasm({ threads: 2 })
    const { live } = backend.memoryUse()
    let reserved: number | undefined
    for (let i = 0; i < 100; i++) {
      using model = await loadModel(fixturePath('mamba'), { backend })
      model.forward([1, 2, 3]).logits.destroy()
      reserved ??= backend.memoryUse().reserved
    }
    expect(backend.memoryUse()).toEqual({ live, reserved, limit: MAX_BYTES })
    backend.destroy()
  })

  test('that do not fit leave nothing behind', async () => {
    const backend = await wasm({ threads: 1, memoryLimit: 2 ** 20 })
    const { live } = backend.memoryUse()
    const large = backend.zeros([600 * 1024], 'u8')
    await expect(loadModel(fixturePath('mamba'), { backend })).rejects.toThrow(
      expect.objectContaining({ name: 'DeviceError', message: expect.stringContaining('out of memory') }),
    )
    large.destroy()
    expect(backend.memoryUse().live).toBe(live)
    backend.destroy()
  })
})

test('a process with workers that nobody destroyed ends by itself', () => {
  const script = `
    import { wasm } from ${JSON.stringify(new URL('./wasm.ts', import.meta.url).href)}
    const backend = await wasm({ threads: 3 })
    const x = backend.tensor(new Float32Array(64 * 4096).fill(1), [64, 4096], 'f32')
    process.stdout.write(String((await backend.ops.linear(x, x).read())[0]))
  `
  const args = ['--conditions=@mamba/source', '--input-type=module', '--eval', script]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { timeout: 20_000, encoding: 'utf8' })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '4096', stderr: '' })
})
