import { cpu, type Tensor } from '@mamba/core'
import { loadModel, type Model } from '@mamba/models'
import { fixturePath } from '@mamba/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../backend.ts'
import { webgpu } from '../webgpu.ts'

let backend: WebGpuBackend

beforeAll(async () => {
  backend = await webgpu({ software: true })
})
afterAll(() => backend.destroy())

const prompt = [5, 3, 8, 13, 21, 34, 55]
const names = ['mamba', 'mamba-options', 'falcon-mamba', 'mamba2-groups', 'mamba3-siso', 'mamba3-mimo-norm']

/** Logits after each id of a continuation, by a recorded step or op by op. */
async function logitsOf(model: Model, ids: readonly number[], isRecorded: boolean): Promise<Float32Array[]> {
  const { backend } = model
  using state = model.createState()
  using id = backend.zeros([1, 1], 'i32')
  const step = () => model.step(id, state).logits
  const program = isRecorded ? backend.capture(step) : undefined
  const rows: Float32Array[] = []
  for (const next of ids) {
    backend.write(id, Int32Array.of(next))
    const logits: Tensor = program ? program.replay() : step()
    rows.push((await logits.read()) as Float32Array)
    if (!program) logits.destroy()
  }
  program?.destroy()
  return rows
}

describe.each(names)('a recorded step of %s', (name) => {
  test('computes what its ops do one by one, and leaves nothing behind', async () => {
    using reference = await loadModel(fixturePath(name), { backend: cpu() })
    const want = await logitsOf(reference, prompt, false)
    const deviation = Math.sqrt(want.at(-1)!.reduce((sum, x) => sum + x * x, 0) / want.at(-1)!.length)
    await backend.finish()
    const before = backend.memoryUse().live
    const model = await loadModel(fixturePath(name), { backend })
    for (const isRecorded of [false, true]) {
      const got = await logitsOf(model, prompt, isRecorded)
      const error = Math.max(
        ...got.map((row, t) => Math.max(...row.map((x, i) => Math.abs(x - want[t]![i]!)))),
      )
      expect(error / deviation).toBeLessThan(2e-5)
    }
    model.dispose()
    await backend.finish()
    expect(backend.memoryUse().live).toBe(before)
  })

  test('generates what the cpu does', async () => {
    using reference = await loadModel(fixturePath(name), { backend: cpu() })
    using model = await loadModel(fixturePath(name), { backend })
    for (const options of [{ greedy: true }, { seed: 3 }, { seed: 4, topK: 5, repetitionPenalty: 1.3 }]) {
      const settings = { ...options, maxTokens: 20, stopIds: [] }
      const want = await reference.complete(prompt, settings)
      expect((await model.complete(prompt, settings)).ids).toEqual(want.ids)
    }
  })
})
