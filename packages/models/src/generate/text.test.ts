import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import type { Model } from '../model/model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { storiesFolder, tinyTextModel } from '../testing/tiny-text-model.ts'
import type { GeneratedToken, GenerateOptions } from './generate.ts'

const { backend, live } = countingBackend()
let model: Model

beforeAll(async () => {
  model = await tinyTextModel({ backend })
})

afterAll(() => {
  model.dispose()
  expect(live()).toBe(0)
})

const prompt = 'Once upon a time'

async function collect(
  options: GenerateOptions,
  text: string | readonly number[] = prompt,
): Promise<GeneratedToken[]> {
  const tokens: GeneratedToken[] = []
  for await (const token of model.generate(text, options)) tokens.push(token)
  return tokens
}

const textOf = (tokens: readonly GeneratedToken[]) => tokens.map(({ text }) => text).join('')
const decode = (tokens: readonly GeneratedToken[]) => model.tokenizer!.decode(tokens.map(({ id }) => id))

describe('generated text', () => {
  test('is that of all ids, and what was shown never changes', async () => {
    let heldBack = 0
    for (let seed = 0; seed < 30; seed++) {
      const tokens = await collect({ seed, temperature: 3, maxTokens: 60, stopIds: [] })
      const whole = decode(tokens)
      expect(textOf(tokens)).toBe(whole)
      let shown = ''
      for (const [i, { text }] of tokens.entries()) {
        shown += text
        expect(whole.startsWith(shown)).toBe(true)
        if (text === '' && i < tokens.length - 1) heldBack++
      }
    }
    // The nonsense has half characters, or this would show nothing.
    expect(heldBack).toBeGreaterThan(20)
  })

  test('does not have the text of the end token', async () => {
    const [first] = await collect({ greedy: true, maxTokens: 1, stopIds: [] })
    const tokens = await collect({ greedy: true, stopIds: [first!.id] })
    expect(tokens.map(({ text }) => text)).toEqual([''])
    expect(tokens[0]!.finishReason).toBe('stop')
  })

  test('continues the prompt after the beginning-of-text token, in a new state or none', async () => {
    const ids = model.tokenizer!.encode(prompt)
    expect(ids[0]).toBe(model.tokenizer!.bosTokenId)
    const want = await collect({ seed: 1, maxTokens: 5 })
    expect(await collect({ seed: 1, maxTokens: 5 }, ids)).toEqual(want)
    using state = model.createState()
    expect(await collect({ seed: 1, maxTokens: 5, state })).toEqual(want)
    expect(state.position).toBe(ids.length + 5)
  })

  test('goes on in a used state without another one', async () => {
    const plain = model.tokenizer!.encode(prompt, { addSpecialTokens: false })
    using state = model.createState()
    await collect({ seed: 1, maxTokens: 1, state }, [0])
    await collect({ seed: 1, maxTokens: 1, state })
    expect(state.position).toBe(2 + plain.length + 1)
  })

  test('of an empty prompt is refused, with advice', () =>
    expectError(model.complete(''), 'ShapeError', 'expected at least one token, such as the BOS token'))
})

describe('a stop string', () => {
  /** A text without stop strings, and a part of it that spans tokens. */
  async function sample(seed: number) {
    const tokens = await collect({ seed, maxTokens: 40, stopIds: [] })
    const text = textOf(tokens)
    return { tokens, text, options: { seed, maxTokens: 40, stopIds: [] } }
  }

  test('ends the text before it, wherever it begins and ends', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { text, tokens, options } = await sample(seed)
      for (const start of [0, 5, 20, 33]) {
        const stop = text.slice(start, start + 7)
        const stopped = await collect({ ...options, stop: ['never to be seen', stop] })
        expect(textOf(stopped)).toBe(text.slice(0, text.indexOf(stop)))
        expect(stopped.at(-1)!.finishReason).toBe('stop')
        expect(stopped.map(({ id }) => id)).toEqual(tokens.slice(0, stopped.length).map(({ id }) => id))
      }
    }
  })

  test('that begins and does not come is shown in the end', async () => {
    const { text, options } = await sample(3)
    const stop = `${text.slice(-4)} and more`
    expect(textOf(await collect({ ...options, stop: [stop] }))).toBe(text)
  })

  test('leaves a state that has read all tokens that were yielded, those of the string too', async () => {
    const { text, options } = await sample(4)
    using state = model.createState()
    const tokens = await collect({ ...options, stop: [text.slice(10, 16)], state })
    expect(state.position).toBe(model.tokenizer!.encode(prompt).length + tokens.length)
  })

  test('that is empty is refused', () =>
    expectError(model.complete(prompt, { stop: ['x', ''] }), 'ConfigError', 'stop contains an empty string'))
})

describe('what generation_config.json suggests', () => {
  const ids = async (model: Model, options: GenerateOptions) =>
    (await model.complete(prompt, { maxTokens: 12, stopIds: [], ...options })).ids

  test('is the default, also where an option is given as undefined', async () => {
    using suggesting = await tinyTextModel({}, { do_sample: true, top_k: 1 })
    const greedy = await ids(model, { greedy: true })
    expect(await ids(suggesting, {})).toEqual(greedy)
    expect(await ids(suggesting, { topK: undefined, seed: undefined })).toEqual(greedy)
  })

  test('is overruled by what is given', async () => {
    using suggesting = await tinyTextModel({}, { do_sample: true, top_k: 1, temperature: 0.1 })
    const options = { seed: 3, topK: 0, temperature: 1 }
    expect(await ids(suggesting, options)).toEqual(await ids(model, options))
    expect(await ids(suggesting, options)).not.toEqual(await ids(suggesting, {}))
  })
})

describe('the embedded story model', () => {
  test('goes on with a story, in characters and not in halves of them', async () => {
    using stories = await loadModel(storiesFolder)
    expect(stories.generationDefaults).toEqual({ sampling: { temperature: 0.8, topK: 40 }, stopIds: [0] })
    const tokens: GeneratedToken[] = []
    for await (const token of stories.generate('The café was', { greedy: true, maxTokens: 12 }))
      tokens.push(token)
    const text = textOf(tokens)
    expect(text).toMatch(/^ [a-z]+( [a-z]+|[,.])+/)
    expect(stories.tokenizer!.decode(tokens.map(({ id }) => id))).toBe(text)
  })
})
