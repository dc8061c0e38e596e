import { MambaError } from '@mamba/core'
import { loadModel, type Model, openCheckpoint, openSource, type Source } from '@mamba/models'
import { fixturePath } from '@mamba/testing'
import { describe, expect, test } from 'vitest'
import type { WebGpuBackend } from './backend.ts'
import { isSoftware } from './device/request.ts'
import { webgpu } from './webgpu.ts'

const start = () => webgpu({ software: true })

/** What is said to the model, turn by turn; each turn answers with some tokens. */
const turns = [[5, 9, 2], [71], [30, 31, 32, 33]]
const tokensPerTurn = 12
const sampling = { temperature: 5, seed: 3, stopIds: [] }

/** Where a session is disturbed: called before each token is shown, and before each state is saved. */
type Disturb = (turn: number, token: number | 'save') => void

/** A conversation, as a program holds it that goes on after a loss from the state after the turn before. */
async function converse(model: Model, disturb: Disturb = () => {}): Promise<number[]> {
  const shown: number[] = []
  let saved: Uint8Array | undefined
  for (const [turn, prompt] of turns.entries()) {
    for (let isDone = false; !isDone; ) {
      try {
        using state = saved ? await model.loadState(saved) : model.createState()
        let i = turn * tokensPerTurn
        for await (const { id } of model.generate(prompt, { ...sampling, state, maxTokens: tokensPerTurn })) {
          disturb(turn, i % tokensPerTurn)
          // After a loss, some were shown before.
          if (i === shown.length) shown.push(id)
          else expect(id).toBe(shown[i])
          i++
        }
        disturb(turn, 'save')
        saved = await state.save()
        isDone = true
      } catch (error) {
        if (!MambaError.is(error, 'DeviceError')) throw error
        await model.backend.recover?.()
        await model.reload()
      }
    }
  }
  return shown
}

describe('a session whose device is lost', () => {
  const load = (backend: WebGpuBackend) => loadModel(fixturePath('mamba'), { backend })

  test('goes on from its last saved state: no token is lost or changed', async () => {
    const backend = await start()
    const model = await load(backend)
    const undisturbed = await converse(model)
    expect(undisturbed).toHaveLength(turns.length * tokensPerTurn)
    expect(new Set(undisturbed).size).toBeGreaterThan(12)

    const losses = new Set(['1 5', '2 save'])
    const disturbed = await converse(model, (turn, token) => {
      if (losses.delete(`${turn} ${token}`)) backend.device.destroy()
    })
    expect(losses.size).toBe(0)
    expect(disturbed).toEqual(undisturbed)
    model.dispose()
    await backend.finish()
    expect(backend.memoryUse().live).toBe(0)
    backend.destroy()
  }, 60_000)

  test('loses nothing else when the loss comes while weights are loaded, or loaded again', async () => {
    const backend = await start()
    const lost = expect.objectContaining({
      name: 'DeviceError',
      message: expect.stringContaining('the device was lost'),
    })
    const onProgress = ({ tensor }: { tensor: string }) => {
      if (tensor.endsWith('layers.1.norm.weight')) backend.device.destroy()
    }
    await expect(loadModel(fixturePath('mamba'), { backend, onProgress })).rejects.toThrow(lost)
    await backend.recover()
    using model = await load(backend)
    const weight = () => model.tensors.get('backbone.embeddings.weight')!.read()
    const before = await weight()
    backend.device.destroy()
    await backend.recover()
    await expect(model.reload({ onProgress })).rejects.toThrow(lost)
    await expect(model.reload()).rejects.toThrow(lost)
    await backend.recover()
    await model.reload()
    expect(await weight()).toEqual(before)
    backend.destroy()
  })
})

describe('a model that does not fit', () => {
  /** The fixture with as many rows of the embedding as SwiftShader has no memory for; nobody could read them. */
  async function tooLarge(): Promise<Source> {
    const small = await openSource(fixturePath('mamba'))
    const weights = await openCheckpoint(small)
    const rows = Math.floor(2 ** 30 / (48 * 4))
    const config = JSON.stringify({
      model_type: 'mamba',
      hidden_size: 48,
      num_hidden_layers: 3,
      vocab_size: rows,
    })
    const bytes = new TextEncoder().encode(config)
    return {
      ...small,
      weights: {
        ...weights,
        info: (name) =>
          name === 'backbone.embeddings.weight'
            ? { ...weights.info(name), shape: [rows, 48], byteLength: rows * 48 * 4 }
            : weights.info(name),
        read: () => Promise.reject(new Error('there was something to read')),
      },
      open: async (path) =>
        path === 'config.json'
          ? {
              name: path,
              size: bytes.length,
              read: async (offset, length) => bytes.subarray(offset, offset + length),
              close: async () => {},
            }
          : undefined,
    }
  }

  test('is refused before its weights are read, leaves nothing behind, and another one can be loaded', async (context) => {
    const backend = await start()
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has room for it')
    await expect(loadModel(await tooLarge(), { backend })).rejects.toMatchObject({
      name: 'DeviceError',
      message: expect.stringMatching(/^webgpu: out of memory: .*use a smaller model/),
    })
    expect(backend.memoryUse().live).toBe(0)
    using model = await loadModel(fixturePath('mamba'), { backend })
    expect(await model.tensors.get('backbone.norm_f.weight')!.read()).toHaveLength(48)
    backend.destroy()
  })
})
