import type { MambaErrorName } from '@mamba/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { trackedSource } from '../checkpoint/testing/tracked-source.ts'
import { type GgufTestFile, string, u32, writeGguf } from '../checkpoint/testing/write-gguf.ts'
import { loadModel } from '../model/load-model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { ggufContent, toGguf } from '../testing/gguf-model.ts'
import { readFixture, type TestCheckpoint } from '../testing/memory-checkpoint.ts'

let mamba: TestCheckpoint
let mamba2: TestCheckpoint

beforeAll(async () => {
  mamba = await readFixture('mamba-options')
  mamba2 = await readFixture('mamba2-groups')
})

type Content = Required<Pick<GgufTestFile, 'pairs' | 'tensors'>>

/** Asserts that a file is refused by these words, with nothing left open or allocated. */
async function refused(content: Content, kind: MambaErrorName, ...parts: string[]): Promise<void> {
  const source = trackedSource({ 'model.gguf': writeGguf(content) })
  const { backend, live } = countingBackend()
  await expectError(loadModel(source, { backend }), kind, 'model.gguf', ...parts)
  expect({ open: source.openFiles(), live: live() }).toEqual({ open: 0, live: 0 })
}

const withPair = (
  { pairs, tensors }: Content,
  key: string,
  value: ReturnType<typeof u32> | undefined,
): Content => ({
  pairs: [...pairs.filter(([name]) => name !== key), ...(value ? [[key, value] as const] : [])],
  tensors,
})

const withoutTensor = ({ pairs, tensors }: Content, name: string): Content => ({
  pairs,
  tensors: tensors.filter((tensor) => tensor.name !== name),
})

describe('a GGUF file is refused by name', () => {
  test('if its architecture is another, with those that are supported', async () => {
    const content = ggufContent(mamba)
    const message = 'supported in GGUF: mamba, mamba2'
    await refused(withPair(content, 'general.architecture', string('llama')), 'ConfigError', 'llama', message)
    await refused(withPair(content, 'general.architecture', u32(3)), 'ConfigError', message)
    await refused(withPair(content, 'general.architecture', undefined), 'ConfigError', message)
  })

  test('if a key is missing', async () => {
    for (const key of [
      'mamba.block_count',
      'mamba.embedding_length',
      'mamba.attention.layer_norm_rms_epsilon',
      'mamba.ssm.conv_kernel',
      'mamba.ssm.inner_size',
      'mamba.ssm.state_size',
      'mamba.ssm.time_step_rank',
    ]) {
      await refused(withPair(ggufContent(mamba), key, undefined), 'CheckpointError', `key ${key} is missing`)
    }
    for (const key of ['mamba2.ssm.time_step_rank', 'mamba2.ssm.group_count', 'mamba2.block_count']) {
      await refused(withPair(ggufContent(mamba2), key, undefined), 'CheckpointError', `key ${key} is missing`)
    }
  })

  test('if a size is impossible, or two do not fit together', async () => {
    const content = ggufContent(mamba2)
    await refused(withPair(content, 'mamba2.block_count', u32(0)), 'ConfigError', 'num_hidden_layers is 0')
    await refused(
      withPair(content, 'mamba2.block_count', u32(2 ** 32 - 1)),
      'ConfigError',
      'num_hidden_layers',
    )
    await refused(
      withPair(content, 'mamba2.ssm.state_size', string('16')),
      'ConfigError',
      'state_size is "16"',
    )
    await refused(withPair(content, 'mamba2.ssm.time_step_rank', u32(0)), 'ConfigError', 'head_dim')
    await refused(withPair(content, 'mamba2.ssm.time_step_rank', u32(7)), 'ConfigError', 'head_dim')
    await refused(
      withPair(content, 'mamba2.ssm.group_count', u32(3)),
      'ConfigError',
      'n_groups is 3; expected a divisor of the',
    )
    await refused(
      withPair(content, 'mamba2.ssm.inner_size', u32(128)),
      'CheckpointError',
      'in_proj.weight is [200, 32]',
    )
  })

  test('if a tensor is missing', async () => {
    await refused(
      withoutTensor(ggufContent(mamba), 'token_embd.weight'),
      'CheckpointError',
      'token_embd.weight',
    )
    for (const name of [
      'output_norm.weight',
      'blk.0.attn_norm.weight',
      'blk.1.ssm_d',
      'blk.1.ssm_a',
      'blk.1.ssm_dt.bias',
    ]) {
      await refused(withoutTensor(ggufContent(mamba), name), 'CheckpointError', 'is missing')
    }
  })

  test('if a tensor is not known, under the name that the file has', async () => {
    const { pairs, tensors } = ggufContent(mamba)
    for (const name of ['blk.0.ffn_up.weight', 'blk.2.ssm_d', 'rope_freqs.weight']) {
      const extra = { ...tensors[1]!, name }
      await refused(
        { pairs, tensors: [...tensors, extra] },
        'CheckpointError',
        'does not have',
        name.replace('blk.2.ssm_d', 'layers.2'),
      )
    }
  })
})

test('a GGUF file is told by its content, whatever it is called', async () => {
  using model = await loadModel(toGguf(mamba))
  expect(model.config.modelType).toBe('mamba')
})
