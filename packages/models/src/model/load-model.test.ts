import { CheckpointError } from '@mamba/core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Source } from '../checkpoint/index.ts'
import { trackedSource } from '../checkpoint/testing/tracked-source.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { toGguf } from '../testing/gguf-model.ts'
import { logitsOf } from '../testing/logits.ts'
import {
  changed,
  encodeWeights,
  modelFiles,
  readFixture,
  type TestCheckpoint,
} from '../testing/memory-checkpoint.ts'
import type { LoadProgress } from '../weights/weight-reader.ts'
import { loadModel } from './load-model.ts'

let fixture: TestCheckpoint
let files: Record<string, Uint8Array>

beforeAll(async () => {
  fixture = await readFixture('mamba2-groups')
  files = modelFiles(fixture)
})

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

/** The tensors in two files with an index, every second one in the second file. */
function sharded(): Record<string, Uint8Array> {
  const names = Object.keys(fixture.tensors)
  const part = (rest: number) =>
    encodeWeights(Object.fromEntries(Object.entries(fixture.tensors).filter((_, i) => i % 2 === rest)))
  return {
    'config.json': files['config.json']!,
    'a.safetensors': part(0),
    'b.safetensors': part(1),
    'model.safetensors.index.json': json({
      weight_map: Object.fromEntries(
        names.map((name, i) => [name, i % 2 === 0 ? 'a.safetensors' : 'b.safetensors']),
      ),
    }),
  }
}

describe('loadModel', () => {
  test('reports each tensor, up to all bytes of the weights', async () => {
    const reports: LoadProgress[] = []
    using model = await loadModel(files, { onProgress: (progress) => reports.push(progress) })
    expect(reports.map(({ tensor }) => tensor)).toEqual(Object.keys(fixture.tensors))
    expect([...model.tensors.keys()].sort()).toEqual(Object.keys(fixture.tensors).sort())
    const bytes = Object.values(fixture.tensors).reduce((sum, { data }) => sum + data.byteLength, 0)
    expect(reports.at(-1)).toMatchObject({ loadedBytes: bytes, totalBytes: bytes })
    expect(reports.every(({ loadedBytes }, i) => loadedBytes > (reports[i - 1]?.loadedBytes ?? 0))).toBe(true)
  })

  test('leaves no file open, and dispose frees all that it allocated', async () => {
    const { backend, live } = countingBackend()
    const source = trackedSource(sharded())
    const model = await loadModel(source, { backend })
    expect(source.openFiles()).toBe(0)
    expect(live()).toBe(Object.keys(fixture.tensors).length)
    model.dispose()
    expect(live()).toBe(0)
  })

  test('allocates tied weights once', async () => {
    const { backend, live } = countingBackend()
    const tied = await readFixture('mamba2')
    using model = await loadModel(modelFiles(tied), { backend })
    expect(live()).toBe(Object.keys(tied.tensors).length)
    expect(model.tensors.has('lm_head.weight')).toBe(false)
  })

  test('has no tokenizer, and takes ids, where no tokenizer.json is', async () => {
    using model = await loadModel(files)
    expect(model.tokenizer).toBeUndefined()
    expect(model.vocabSize).toBe(160)
  })

  test('reads what generation_config.json suggests', async () => {
    const generation = { do_sample: true, temperature: 0.7, eos_token_id: [4, 5] }
    using model = await loadModel({ ...files, 'generation_config.json': json(generation) })
    expect(model.generationDefaults).toEqual({ sampling: { temperature: 0.7 }, stopIds: [4, 5] })
    using plain = await loadModel(files)
    expect(plain.generationDefaults).toEqual({ sampling: {}, stopIds: [2] })
  })
})

describe('after a failure nothing is open or allocated', () => {
  const clean = async (
    run: (
      source: ReturnType<typeof trackedSource>,
      backend: ReturnType<typeof countingBackend>['backend'],
    ) => unknown,
    content = sharded(),
  ) => {
    const source = trackedSource(content)
    const { backend, live } = countingBackend()
    await run(source, backend)
    expect({ open: source.openFiles(), live: live() }).toEqual({ open: 0, live: 0 })
  }

  test('of any read', async () => {
    let failing = 0
    for (let succeeded = false; !succeeded; failing++) {
      await clean(async (source, backend) => {
        const error = await loadModel(failAtRead(source, failing), { backend }).then(
          (model) => model.dispose(),
          (error) => error,
        )
        if (error === undefined) succeeded = true
        else expect(error.message).toBe('the connection was lost')
      })
    }
    expect(failing).toBeGreaterThan(Object.keys(fixture.tensors).length)
  })

  test('by an abort before anything, which passes its reason through', () =>
    clean(async (source, backend) => {
      const reason = new Error('changed my mind')
      await expect(loadModel(source, { backend, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    }))

  test('by an abort midway', () =>
    clean(async (source, backend) => {
      const controller = new AbortController()
      const reason = { any: 'value' }
      const seen: string[] = []
      const onProgress = ({ tensor }: LoadProgress) => {
        if (seen.push(tensor) === 5) controller.abort(reason)
      }
      await expect(loadModel(source, { backend, onProgress, signal: controller.signal })).rejects.toBe(reason)
      expect(seen.length).toBe(5)
    }))

  test('of the listener', () =>
    clean(async (source, backend) => {
      const onProgress = () => {
        throw new Error('the page is gone')
      }
      await expect(loadModel(source, { backend, onProgress })).rejects.toThrow('the page is gone')
    }))

  test.each(['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'])(
    'of a damaged %s',
    (name) => {
      const tokenizer = name === 'tokenizer_config.json' ? { 'tokenizer.json': json({}) } : {}
      const content = { ...sharded(), ...tokenizer, [name]: new TextEncoder().encode('{"a": ') }
      return clean(
        (source, backend) => expectError(loadModel(source, { backend }), 'CheckpointError', `memory/${name}`),
        content,
      )
    },
  )

  test('of a generation_config.json that makes no sense', () =>
    clean(
      (source, backend) => expectError(loadModel(source, { backend }), 'ConfigError', 'do_sample is "yes"'),
      {
        ...sharded(),
        'generation_config.json': json({ do_sample: 'yes' }),
      },
    ))
})

/** The source, of which the nth read, counted from 0, fails. */
function failAtRead(source: Source, failing: number): Source {
  let count = 0
  return {
    ...source,
    async open(path, signal) {
      const file = await source.open(path, signal)
      return (
        file && {
          ...file,
          async read(offset, length, signal) {
            if (count++ === failing) throw new CheckpointError('the connection was lost')
            return file.read(offset, length, signal)
          },
        }
      )
    },
  }
}

describe('the id of a model', () => {
  const idOf = async (source: Record<string, Uint8Array>) => {
    using model = await loadModel(source)
    return model.id
  }

  test('is that of its tensors, however they are spread over files', async () => {
    const reversed = { ...fixture, tensors: Object.fromEntries(Object.entries(fixture.tensors).reverse()) }
    const id = await idOf(files)
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    expect(await idOf(sharded())).toBe(id)
    expect(await idOf(modelFiles(reversed))).toBe(id)
  })

  test('changes with one element of one tensor', async () => {
    const name = 'backbone.layers.1.mixer.D'
    const tensors = { ...fixture.tensors, [name]: changed(fixture.tensors[name]!, 3, (x) => x + 1e-6) }
    expect(await idOf(modelFiles({ ...fixture, tensors }))).not.toBe(await idOf(files))
  })

  test('is another for the same weights in another dtype or format, which names and stores them differently', async () => {
    const ids = [
      await idOf(files),
      await idOf(modelFiles(fixture, 'bf16')),
      await idOf({ 'a.gguf': toGguf(fixture) }),
    ]
    expect(new Set(ids).size).toBe(3)
  })

  test('changes with an option that makes it compute something else', async () => {
    using model = await loadModel(files, { mamba2Norm: 'grouped' })
    expect(model.id).not.toBe(await idOf(files))
  })
})

test('a disposed model refuses to run, and says why', async () => {
  const model = await loadModel(files)
  model.dispose()
  model.dispose()
  await expectError(() => logitsOf(model, [1]), 'ShapeError', 'destroyed')
})
