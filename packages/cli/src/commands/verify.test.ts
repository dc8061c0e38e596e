import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { runCaptured } from '../testing/captured-io.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'

describe('a checkpoint that agrees with its reference', () => {
  test('gets one line a check, a verdict and status 0', async () => {
    const { status, output, messages } = await runCaptured(['verify', fixturePath('mamba')])
    const lines = output.trimEnd().split('\n')
    expect(lines.pop()).toBe(`all ${lines.length} checks hold`)
    for (const line of lines) expect(line).toMatch(/^ok {4}\S.* +\d\S* {2}limit +\d\S*$/)
    expect(output).toMatch(/^ok {4}logits /m)
    expect(output).toMatch(/^ok {4}hidden_states\.3 /m)
    expect(output).toMatch(/^ok {4}loss /m)
    expect(output).toMatch(/^ok {4}greedy_ids_full_forward /m)
    expect(output).toMatch(/^ok {4}saved and reloaded state /m)
    expect(messages).toBe('')
    expect(status).toBe(0)
  })

  test('--json prints one object and nothing else', async () => {
    const { status, output } = await runCaptured(['verify', fixturePath('mamba3-siso'), '--json'])
    const { ok, checks, ...rest } = JSON.parse(output)
    expect(ok).toBe(true)
    expect(rest).toEqual({})
    expect(checks.length).toBeGreaterThan(5)
    for (const check of checks) {
      expect(Object.keys(check)).toEqual(['name', 'value', 'limit', 'ok'])
      expect(check.value).toBeLessThanOrEqual(check.limit)
    }
    expect(status).toBe(0)
  })
})

describe('a checkpoint that does not agree gets status 1', () => {
  test('when a weight was changed', async () => {
    using folder = copyOf('mamba')
    changeFloat(folder.at('model.safetensors'), 'backbone.layers.2.mixer.D', 0.05)
    const { status, output } = await runCaptured(['verify', folder.path])
    expect(output).toMatch(/^FAIL {2}logits /m)
    expect(output).toMatch(/^FAIL {2}hidden_states\.2 /m)
    expect(output).toMatch(/^ok {4}hidden_states\.1 /m)
    expect(output).toMatch(/\d+ of \d+ checks fail\n$/)
    expect(status).toBe(1)
  })

  test.each(['logits', 'hidden_states.0', 'loss'])('when the expected %s was changed', async (name) => {
    using folder = copyOf('mamba')
    changeFloat(folder.at('expected.safetensors'), name, 0.01)
    const { status, output } = await runCaptured(['verify', folder.path, '--json'])
    const { ok, checks } = JSON.parse(output)
    expect(ok).toBe(false)
    expect(checks.filter((check: { ok: boolean }) => !check.ok)).toMatchObject([{ name }])
    expect(status).toBe(1)
  })
})

test('a checkpoint without expected.safetensors cannot be verified', async () => {
  using folder = copyOf('mamba')
  rmSync(folder.at('expected.safetensors'))
  const { status, output, messages } = await runCaptured(['verify', folder.path])
  expect(status).toBe(1)
  expect(output).toBe('')
  expect(messages).toContain(`mamba: ${folder.path}: there is no expected.safetensors`)
})

function copyOf(fixture: string) {
  const folder = temporaryFolder()
  cpSync(fixturePath(fixture), folder.path, { recursive: true })
  return folder
}

/** Adds to the first element of a float32 tensor of a safetensors file. */
function changeFloat(path: string, tensor: string, by: number): void {
  const file = readFileSync(path)
  const dataStart = 8 + Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, dataStart))
  const at = dataStart + header[tensor].data_offsets[0]
  file.writeFloatLE(file.readFloatLE(at) + by, at)
  writeFileSync(path, file)
}
