import { fixturePath } from '@mamba/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import type { State } from '../state/state.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { logitsOf } from '../testing/logits.ts'
import { changed, modelFiles, readFixture } from '../testing/memory-checkpoint.ts'
import type { GeneratedToken, GenerateOptions } from './generate.ts'

const { backend, live } = countingBackend()
const prompt = [5, 3, 8, 13, 21, 34, 55]
let model: Model
let allocated: number

beforeAll(async () => {
  model = await loadModel(fixturePath('mamba2'), { backend })
})

afterAll(() => {
  model.dispose()
  expect(live()).toBe(0)
})

// After each call, however it ends, everything that it made is freed.
beforeEach(() => {
  allocated = live()
})

afterEach(() => {
  expect(live()).toBe(allocated)
})

async function collect(options: GenerateOptions, ids: readonly number[] = prompt): Promise<GeneratedToken[]> {
  const tokens: GeneratedToken[] = []
  for await (const token of model.generate(ids, { stopIds: [], ...options })) tokens.push(token)
  return tokens
}

const idsOf = (tokens: readonly GeneratedToken[]) => tokens.map(({ id }) => id)

/** Bytes of the state that read the prompt in one pass, and then one id after the other. */
async function stateAfter(ids: readonly number[]): Promise<Uint8Array> {
  using state = model.createState()
  model.forward(prompt, { state }).logits.destroy()
  for (const id of ids) model.forward([id], { state }).logits.destroy()
  return state.save()
}

describe('greedy generation', () => {
  test('takes the likeliest id of a full pass over all ids so far, each time', async () => {
    const ids = idsOf(await collect({ greedy: true, maxTokens: 12 }))
    const all = [...prompt]
    for (const id of ids) {
      const logits = await logitsOf(model, all, {})
      expect(id).toBe(logits.indexOf(Math.max(...logits)))
      all.push(id)
    }
    expect(ids.length).toBe(12)
  })

  test('is the same whatever the chunks of the prompt', async () => {
    const want = idsOf(await collect({ greedy: true, maxTokens: 12 }))
    for (const chunkSize of [1, 3, 7, 100]) {
      expect(idsOf(await collect({ greedy: true, maxTokens: 12, chunkSize }))).toEqual(want)
    }
  })

  test('is what a temperature of 0 means', async () => {
    const want = idsOf(await collect({ greedy: true, maxTokens: 5 }))
    expect(idsOf(await collect({ temperature: 0, maxTokens: 5 }))).toEqual(want)
  })
})

describe('sampled generation', () => {
  test('is decided by its seed', async () => {
    const sampled = async (seed: number) => idsOf(await collect({ seed, maxTokens: 20 }))
    const first = await sampled(1)
    expect(await sampled(1)).toEqual(first)
    expect(await sampled(2)).not.toEqual(first)
  })

  test('draws anew without a seed', async () => {
    const texts = await Promise.all([1, 2, 3].map(async () => idsOf(await collect({ maxTokens: 20 })).join()))
    expect(new Set(texts).size).toBe(3)
  })

  test('is the same whatever the chunks of the prompt', async () => {
    const want = idsOf(await collect({ seed: 3, maxTokens: 12 }))
    for (const chunkSize of [1, 3, 100]) {
      expect(idsOf(await collect({ seed: 3, maxTokens: 12, chunkSize }))).toEqual(want)
    }
  })

  test('keeps to the k likeliest', async () => {
    const want = idsOf(await collect({ greedy: true, maxTokens: 8 }))
    expect(idsOf(await collect({ topK: 1, seed: 4, maxTokens: 8 }))).toEqual(want)
    const tokens = await collect({ topK: 3, seed: 4, maxTokens: 20, logprobs: 3 })
    for (const { id, topLogprobs } of tokens) expect(topLogprobs!.map((top) => top.id)).toContain(id)
  })
})

describe('penalties reach the sampler', () => {
  const greedy = (options: GenerateOptions) =>
    collect({ greedy: true, maxTokens: 30, ...options }).then(idsOf)

  test('of presence: no sampled id comes again', async () => {
    expect(new Set(await greedy({})).size).toBeLessThan(30)
    expect(new Set(await greedy({ presencePenalty: 1000 })).size).toBe(30)
  })

  test('of frequency: a reward makes the first id stay', async () => {
    expect(new Set(await greedy({ frequencyPenalty: -1000 })).size).toBe(1)
  })

  test('of repetition: of the prompt too', async () => {
    const [first] = await greedy({})
    const ids = await collect({ greedy: true, maxTokens: 1, repetitionPenalty: 1000 }, [first!, ...prompt])
    expect(idsOf(ids)).not.toEqual([first])
  })
})

describe('the end', () => {
  test('comes after maxTokens, and only the last token says so', async () => {
    const tokens = await collect({ seed: 1, maxTokens: 5 })
    expect(tokens.map(({ finishReason }) => finishReason)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'length',
    ])
    expect((await collect({ seed: 1, maxTokens: 1 })).map(({ finishReason }) => finishReason)).toEqual([
      'length',
    ])
  })

  test('comes with a stop id, which is yielded', async () => {
    const all = idsOf(await collect({ seed: 1, maxTokens: 20 }))
    const end = all[7]!
    const tokens = await collect({ seed: 1, maxTokens: 20, stopIds: [999, end] })
    expect(idsOf(tokens)).toEqual(all.slice(0, all.indexOf(end) + 1))
    expect(tokens.at(-1)!.finishReason).toBe('stop')
  })

  test('comes with the end token that the checkpoint names, unless others are given', async () => {
    expect(model.generationDefaults.stopIds).toEqual([2])
    const forced = { maxTokens: 500, seed: 1, temperature: 3 }
    const tokens = await collect({ ...forced, stopIds: undefined })
    expect(tokens.at(-1)).toMatchObject({ id: 2, finishReason: 'stop' })
    const longer = await collect({ ...forced, maxTokens: tokens.length + 1, stopIds: [] })
    expect(longer.length).toBe(tokens.length + 1)
  })

  test('has no text where the model has no tokenizer', async () => {
    expect((await collect({ seed: 1, maxTokens: 4 })).map(({ text }) => text)).toEqual(['', '', '', ''])
  })
})

describe('log-probabilities', () => {
  test('are those of the logits before any option, the chosen one among all', async () => {
    const tokens = await collect({ seed: 1, temperature: 0.5, topK: 5, maxTokens: 6, logprobs: 160 })
    for (const { id, logprob, topLogprobs } of tokens) {
      expect(topLogprobs!.length).toBe(160)
      expect(topLogprobs!.reduce((sum, top) => sum + Math.exp(top.logprob), 0)).toBeCloseTo(1, 10)
      expect(topLogprobs!.find((top) => top.id === id)!.logprob).toBe(logprob)
      const sorted = topLogprobs!.map((top) => top.logprob).toSorted((a, b) => b - a)
      expect(topLogprobs!.map((top) => top.logprob)).toEqual(sorted)
    }
    const logits = Array.from(await logitsOf(model, prompt, {}))
    const normaliser = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
    expect(tokens[0]!.logprob).toBeCloseTo(logits[tokens[0]!.id]! - normaliser, 5)
  })

  test('come for the chosen id alone if none of the likeliest are asked for, and not at all by default', async () => {
    const [token] = await collect({ seed: 1, maxTokens: 1, logprobs: 0 })
    expect(token!.logprob).toBeLessThan(0)
    expect(token!.topLogprobs).toBeUndefined()
    const [plain] = await collect({ seed: 1, maxTokens: 1 })
    expect(plain).not.toHaveProperty('logprob')
  })
})

describe('a state that is passed on', () => {
  test('makes a session of several calls equal to one long call', async () => {
    for (const options of [{ greedy: true }, { seed: 5 }]) {
      const long = idsOf(await collect({ ...options, maxTokens: 14 }))
      using state = model.createState()
      const first = idsOf(await collect({ ...options, maxTokens: 5, state }))
      expect(first).toEqual(long.slice(0, 5))
      // The next prompt is what the long call sampled, so that both have read the same.
      const second = idsOf(await collect({ ...options, maxTokens: 6, state }, long.slice(5, 8)))
      expect(second).toEqual(long.slice(8, 14))
      expect(state.position).toBe(prompt.length + 14)
    }
  })

  const endings: Record<string, (state: State) => Promise<GeneratedToken[]>> = {
    'after maxTokens': (state) => collect({ seed: 1, maxTokens: 4, state }),
    'after one token': (state) => collect({ seed: 1, maxTokens: 1, state }),
    'at a stop id': async (state) => {
      const [, , third] = idsOf(await collect({ seed: 1, maxTokens: 3 }))
      return collect({ seed: 1, maxTokens: 9, stopIds: [third!], state })
    },
    'when the consumer stops early': async (state) => {
      const tokens: GeneratedToken[] = []
      for await (const token of model.generate(prompt, { seed: 1, stopIds: [], state })) {
        if (tokens.push(token) === 3) break
      }
      return tokens
    },
    'when the consumer fails': async (state) => {
      const tokens: GeneratedToken[] = []
      const run = async () => {
        for await (const token of model.generate(prompt, { seed: 1, stopIds: [], state })) {
          if (tokens.push(token) === 3) throw new Error('no more room')
        }
      }
      await expect(run()).rejects.toThrow('no more room')
      return tokens
    },
    'when it is aborted': async (state) => {
      const tokens: GeneratedToken[] = []
      const controller = new AbortController()
      const run = async () => {
        for await (const token of model.generate(prompt, {
          seed: 1,
          stopIds: [],
          state,
          signal: controller.signal,
        })) {
          if (tokens.push(token) === 3) controller.abort(new Error('enough'))
        }
      }
      await expect(run()).rejects.toThrow('enough')
      return tokens
    },
  }
  test.each(Object.entries(endings))('has read every token that was yielded: %s', async (_, run) => {
    using state = model.createState()
    const tokens = await run(state)
    expect(tokens.length).toBeGreaterThan(0)
    expect(state.position).toBe(prompt.length + tokens.length)
    expect(await state.save()).toEqual(await stateAfter(idsOf(tokens)))
  })

  test('is left alone by a generator that nobody started', async () => {
    using state = model.createState()
    await model.generate(prompt, { state }).return()
    expect(state.position).toBe(0)
  })

  test('has read nothing twice when sampling fails', async () => {
    const poisoned = await readFixture('mamba2')
    const name = 'backbone.layers.2.mixer.D'
    const tensors = { ...poisoned.tensors, [name]: changed(poisoned.tensors[name]!, 0, () => Number.NaN) }
    using broken = await loadModel(modelFiles({ ...poisoned, tensors }))
    using state = broken.createState()
    await expectError(broken.complete(prompt, { state }), 'CheckpointError', 'NaN', 'weights are damaged')
    expect(state.position).toBe(prompt.length)
  })
})

describe('an abort', () => {
  const reason = { code: 'any value' }

  test('before the start passes its reason through, and nothing is read', async () => {
    using state = model.createState()
    const signal = AbortSignal.abort(reason)
    await expect(model.complete(prompt, { signal, state })).rejects.toBe(reason)
    expect(state.position).toBe(0)
  })

  test('while the prompt is read passes its reason through', async () => {
    using state = model.createState()
    const controller = new AbortController()
    const reports: number[] = []
    const run = model.complete(prompt, {
      state,
      chunkSize: 2,
      signal: controller.signal,
      onPromptProgress: ({ read }) => {
        if (reports.push(read) === 2) controller.abort(reason)
      },
    })
    await expect(run).rejects.toBe(reason)
    expect(reports).toEqual([2, 4])
    expect(state.position).toBe(4)
  })

  test('from a timer comes through while it generates', async () => {
    const run = model.complete(prompt, { maxTokens: 100_000, stopIds: [], signal: AbortSignal.timeout(30) })
    await expect(run).rejects.toThrow(/timeout/i)
  })
})

describe('options that make no sense are refused before any work', () => {
  const bad: GenerateOptions[] = [
    { maxTokens: 0 },
    { maxTokens: -1 },
    { maxTokens: 1.5 },
    { maxTokens: Number.NaN },
    { chunkSize: 0 },
    { chunkSize: Number.NaN },
    { logprobs: -1 },
    { logprobs: Number.NaN },
    { temperature: Number.NaN },
    { temperature: -0.1 },
    { temperature: Number.POSITIVE_INFINITY },
    { topK: -1 },
    { topK: 1.5 },
    { topP: Number.NaN },
    { topP: 0 },
    { topP: 1.1 },
    { minP: -0.1 },
    { minP: Number.NaN },
    { repetitionPenalty: 0 },
    { repetitionPenalty: Number.NaN },
    { presencePenalty: Number.NaN },
    { frequencyPenalty: Number.NaN },
    { seed: -1 },
    { seed: 0.5 },
    { seed: Number.NaN },
  ]
  test.each(bad.map((options) => [Object.entries(options)[0]!, options] as const))(
    '%s',
    async ([name, value], options) => {
      using state = model.createState()
      const reports: unknown[] = []
      const run = model.complete(prompt, {
        ...options,
        state,
        onPromptProgress: (report) => reports.push(report),
      })
      await expectError(run, 'ConfigError', `${name} is ${value}`)
      expect(reports).toEqual([])
      expect(state.position).toBe(0)
    },
  )

  test('a stop string, or a prompt as text, for a model without tokenizer', async () => {
    await expectError(model.complete(prompt, { stop: ['x'] }), 'ConfigError', 'no tokenizer', 'stopIds')
    await expectError(model.complete('Once'), 'ConfigError', 'no tokenizer.json', 'ids')
  })
})

describe('a prompt', () => {
  test('that is empty is refused, with advice', () =>
    expectError(model.complete([]), 'ShapeError', 'expected at least one token, such as the BOS token'))

  test.each([[[160]], [[-1]], [[1.5]], [[Number.NaN]]])('of %j is refused', (ids) =>
    expectError(model.complete(ids), 'ShapeError', `${ids[0]} at position 0 is outside the vocabulary`),
  )

  test('with a bad id is refused with penalties too', () =>
    expectError(model.complete([1, 1e9], { repetitionPenalty: 2 }), 'ShapeError', '1000000000 at position 1'))

  test('of one id is enough', async () => {
    expect((await collect({ greedy: true, maxTokens: 2 }, [1])).length).toBe(2)
  })
})

describe('complete', () => {
  test('returns all ids, and tells each token as it comes', async () => {
    const tokens: GeneratedToken[] = []
    const options = { seed: 1, maxTokens: 6, stopIds: [] }
    const completion = await model.complete(prompt, { ...options, onToken: (token) => tokens.push(token) })
    expect(completion).toEqual({ text: '', ids: idsOf(tokens), finishReason: 'length' })
    expect(tokens).toEqual(await collect(options))
  })

  test('says whether it was stopped', async () => {
    const ids = idsOf(await collect({ seed: 1, maxTokens: 3 }))
    const completion = await model.complete(prompt, { seed: 1, stopIds: ids.slice(2), maxTokens: 9 })
    expect(completion.finishReason).toBe('stop')
  })

  test('ends with the failure of its listener', async () => {
    const onToken = () => {
      throw new Error('the page is gone')
    }
    await expect(model.complete(prompt, { onToken })).rejects.toThrow('the page is gone')
  })
})
