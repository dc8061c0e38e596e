import { stories } from '@mamba/stories'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import { runCaptured } from '../testing/captured-io.ts'

describe('the embedded model', () => {
  test('is described without its tensors', async () => {
    const { status, output } = await runCaptured(['inspect', 'stories'])
    expect(status).toBe(0)
    expect(output).toMatch(/^architecture +mamba$/m)
    expect(output).toMatch(/^parameters +13,143,936$/m)
    expect(output).toMatch(/^weights +15\.3 MB in 122 tensors \(Q8_0 37, F32 85\)$/m)
    expect(output).toMatch(/^state +700\.4 kB per sequence/m)
    expect(output).toMatch(/^config mixer\.dState +16$/m)
    expect(output).not.toContain('[4096, 384]')
  })

  test('is found by its address too', async () => {
    const byName = await runCaptured(['inspect', 'stories'])
    expect(await runCaptured(['inspect', stories().href])).toEqual(byName)
  })
})

test('--tensors lists name, type, shape and size of every tensor', async () => {
  const { output } = await runCaptured(['inspect', fixturePath('mamba'), '--tensors'])
  expect(output).toMatch(/^backbone\.embeddings\.weight +F32 +\[160, 48\] +30\.7 kB$/m)
})

test('--json prints one object with every tensor', async () => {
  const { output } = await runCaptured(['inspect', fixturePath('mamba2-clamp'), '--json'])
  const summary = JSON.parse(output)
  expect(summary).toMatchObject({ architecture: 'mamba2', layout: 'huggingface', format: 'safetensors' })
  expect(summary.tensors).toContainEqual(
    expect.objectContaining({ name: 'backbone.norm_f.weight', dtype: 'f32' }),
  )
  expect(summary.stateBytesPerSequence).toBeGreaterThan(0)
})

test('--json writes an infinite limit as text, which JSON cannot as a number', async () => {
  const { output } = await runCaptured(['inspect', fixturePath('mamba2'), '--json'])
  expect(output).toContain('"Infinity"')
  expect(output).not.toContain('null')
})
