import { describe, expect, test } from 'vitest'
import { loadModel } from '../model/load-model.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { expectError } from '../testing/expect-error.ts'
import { modelFiles, type TestCheckpoint } from '../testing/memory-checkpoint.ts'
import { randomWeights } from '../testing/random-weights.ts'
import { supportedModelTypes } from './registry.ts'

type Config = TestCheckpoint['config']

// The configuration is read before any tensor is looked at, so one tensor is enough.
const tensors = randomWeights({ 'backbone.embeddings.weight': [8, 4] }, 1)

const mamba: Config = { model_type: 'mamba', vocab_size: 8, hidden_size: 4, num_hidden_layers: 1 }
const falcon: Config = { ...mamba, model_type: 'falcon_mamba' }
const mamba2: Config = {
  ...mamba,
  model_type: 'mamba2',
  hidden_size: 12,
  num_heads: 6,
  head_dim: 4,
  n_groups: 2,
}
const official: Config = { vocab_size: 8, d_model: 12, n_layer: 1 }
const officialWith = (ssm: Config, top: Config = {}): Config => ({ ...official, ...top, ssm_cfg: ssm })
const officialMamba2 = { layer: 'Mamba2', headdim: 4 }
const officialMamba3 = { layer: 'Mamba3', headdim: 4, d_state: 8 }

/** Asserts that a configuration is refused by name, with nothing allocated. */
async function refused(config: Config, ...parts: string[]): Promise<void> {
  const { backend, live } = countingBackend()
  await expectError(
    loadModel(modelFiles({ config, tensors }), { backend }),
    'ConfigError',
    'config.json',
    ...parts,
  )
  expect(live()).toBe(0)
}

/** Asserts that a configuration is accepted: what is then missing are tensors. */
async function accepted(config: Config): Promise<void> {
  await expectError(loadModel(modelFiles({ config, tensors })), 'CheckpointError', 'tensor')
}

const notASize = [0, -1, 1.5, 2 ** 31 + 1, 1e300, '12', true, [12], {}]

describe('sizes that are not whole numbers from 1 to 2^31 are refused by name', () => {
  const keys: [string, Config, readonly string[]][] = [
    [
      'mamba',
      mamba,
      ['vocab_size', 'hidden_size', 'num_hidden_layers', 'state_size', 'conv_kernel', 'expand'],
    ],
    ['mamba', mamba, ['intermediate_size', 'time_step_rank']],
    ['falcon_mamba', falcon, ['vocab_size', 'intermediate_size', 'time_step_rank']],
    [
      'mamba2',
      mamba2,
      ['vocab_size', 'hidden_size', 'num_hidden_layers', 'state_size', 'conv_kernel', 'expand'],
    ],
    ['mamba2', mamba2, ['num_heads', 'head_dim', 'n_groups', 'chunk_size', 'intermediate_size']],
    ['official', official, ['vocab_size', 'd_model', 'n_layer', 'pad_vocab_size_multiple']],
  ]
  test.each(keys.flatMap(([model, config, names]) => names.map((name) => [model, name, config] as const)))(
    '%s: %s',
    async (_, name, config) => {
      for (const value of notASize) await refused({ ...config, [name]: value }, `${name} is `)
    },
  )

  const ssmKeys: [string, Config, readonly string[]][] = [
    ['Mamba1', { layer: 'Mamba1' }, ['d_state', 'd_conv', 'expand', 'dt_rank']],
    ['Mamba2', officialMamba2, ['d_state', 'd_conv', 'expand', 'headdim', 'ngroups', 'd_ssm', 'chunk_size']],
    ['Mamba3', officialMamba3, ['d_state', 'expand', 'headdim', 'ngroups', 'chunk_size']],
    ['Mamba3', { ...officialMamba3, is_mimo: true }, ['mimo_rank']],
  ]
  test.each(ssmKeys.flatMap(([layer, ssm, names]) => names.map((name) => [layer, name, ssm] as const)))(
    'official %s: ssm_cfg.%s',
    async (_, name, ssm) => {
      for (const value of notASize)
        await refused(officialWith({ ...ssm, [name]: value }), `ssm_cfg.${name} is `)
    },
  )

  test.each([-1, 1.5, '0', 2 ** 31 + 1])('official: d_intermediate %j', (value) =>
    refused({ ...official, d_intermediate: value }, 'd_intermediate is '),
  )
})

test('sizes without a default are needed', async () => {
  for (const name of ['vocab_size', 'hidden_size', 'num_hidden_layers']) {
    for (const config of [mamba, falcon, mamba2]) {
      await refused({ ...config, [name]: null }, `${name} is missing`)
      await refused({ ...config, [name]: undefined }, `${name} is missing`)
    }
  }
  for (const name of ['vocab_size', 'n_layer'])
    await refused({ ...official, [name]: null }, `${name} is missing`)
})

describe('sizes that do not fit together are refused by name', () => {
  test('heads that do not divide the channels', async () => {
    await refused({ ...mamba2, head_dim: 5 }, 'head_dim is 5; expected a divisor of the 24 channels')
    await refused(
      officialWith({ ...officialMamba2, headdim: 7 }),
      'ssm_cfg.headdim is 7; expected a divisor of the 24',
    )
    await refused(
      officialWith({ ...officialMamba3, headdim: 9 }),
      'ssm_cfg.headdim is 9; expected a divisor of the 24',
    )
  })

  test('another number of heads than the sizes give', () =>
    refused({ ...mamba2, num_heads: 3 }, 'num_heads is 3; expected 6, the 24 channels divided by head_dim 4'))

  test('groups that do not divide the heads', async () => {
    await refused({ ...mamba2, n_groups: 4 }, 'n_groups is 4; expected a divisor of the 6 heads')
    await refused(
      officialWith({ ...officialMamba2, ngroups: 5 }),
      'ssm_cfg.ngroups is 5; expected a divisor of the 6 heads',
    )
    await refused(
      officialWith({ ...officialMamba3, ngroups: 4 }),
      'ssm_cfg.ngroups is 4; expected a divisor of the 6 heads',
    )
  })

  test('more state-space channels than there are', () =>
    refused(
      officialWith({ ...officialMamba2, d_ssm: 28 }),
      'ssm_cfg.d_ssm is 28; expected at most the 24 channels',
    ))

  test('rotations of less than a pair or more than all of the states', async () => {
    for (const fraction of [0, -0.5, 0.2, 1.01, 1e9]) {
      await refused(officialWith({ ...officialMamba3, rope_fraction: fraction }), 'ssm_cfg.rope_fraction is ')
    }
    await refused(
      officialWith({ ...officialMamba3, d_state: 1, rope_fraction: 1 }),
      'ssm_cfg.rope_fraction is 1',
    )
  })

  test('an odd number of states whose halves are to be rotated', async () => {
    await refused(
      officialWith({ ...officialMamba3, d_state: 9, is_mimo: true }),
      'ssm_cfg.d_state is 9',
      'even',
    )
    await accepted(officialWith({ ...officialMamba3, d_state: 9 }))
  })

  test('more layers than any model has', async () => {
    await refused(
      { ...mamba, num_hidden_layers: 2 ** 31 },
      'num_hidden_layers is 2147483648; expected at most 10000',
    )
    await refused({ ...official, n_layer: 10_001 }, 'n_layer is 10001')
  })
})

describe('values that make no sense are refused by name', () => {
  const cases: [string, Config, string][] = [
    ['a negative ε', { ...mamba, layer_norm_epsilon: -1e-5 }, 'layer_norm_epsilon is -0.00001'],
    ['an ε that is no number', { ...mamba, layer_norm_epsilon: '1e-5' }, 'layer_norm_epsilon is "1e-5"'],
    ['a negative ε of the selection', { ...falcon, mixer_rms_eps: -1 }, 'mixer_rms_eps is -1'],
    ['a flag that is a number', { ...mamba, use_bias: 1 }, 'use_bias is 1; expected true or false'],
    ['a flag that is a word', { ...mamba, tie_word_embeddings: 'yes' }, 'tie_word_embeddings is "yes"'],
    ['a limit that is upside down', { ...mamba2, time_step_limit: [1, 0] }, 'time_step_limit is [1,0]'],
    ['a limit that is one number', { ...mamba2, time_step_limit: 3 }, 'time_step_limit is 3'],
    ['a limit that is no number', { ...mamba2, time_step_limit: [0, 'NaN'] }, 'time_step_limit is [0,"NaN"]'],
    [
      'a limit that is upside down',
      officialWith({ ...officialMamba2, dt_limit: [1, 0] }),
      'ssm_cfg.dt_limit',
    ],
    ['a floor of the decay of 0', officialWith({ ...officialMamba3, A_floor: 0 }), 'ssm_cfg.A_floor is 0'],
    ['options of the mixer in a list', { ...official, ssm_cfg: [] }, 'ssm_cfg is []; expected an object'],
  ]
  test.each(cases)('%s', (_, config, part) => refused(config, part))
})

describe('what is not supported is refused by name', () => {
  test.each([[undefined], ['llama'], ['Mamba'], [''], [7], ['__proto__'], ['x'.repeat(1000)]])(
    'model_type %j, listing those that are',
    async (modelType) => {
      const config = { ...mamba, model_type: modelType }
      const { backend } = countingBackend()
      const parts = ['model_type is ', ...supportedModelTypes]
      await expectError(loadModel(modelFiles({ config, tensors }), { backend }), 'ConfigError', ...parts)
    },
  )

  test.each([['Mamba4'], ['mha'], ['constructor'], ['__proto__'], [3]])(
    'ssm_cfg.layer %j, listing those that are',
    async (layer) => {
      const files = modelFiles({ config: officialWith({ layer }), tensors })
      const parts = [`ssm_cfg.layer is ${JSON.stringify(layer)}`, 'Mamba1, Mamba2, Mamba3']
      await expectError(loadModel(files), 'ConfigError', ...parts)
    },
  )

  test('attention among the layers', async () => {
    await refused(
      { ...official, attn_layer_idx: [1] },
      'attn_layer_idx is [1]',
      'attention layers are not supported',
    )
    await accepted({ ...official, attn_layer_idx: [], attn_cfg: {} })
  })

  test('LayerNorm', () => refused({ ...official, rms_norm: false }, 'rms_norm is false', 'LayerNorm'))

  test('another activation', async () => {
    for (const config of [mamba, falcon, mamba2]) {
      await refused({ ...config, hidden_act: 'gelu' }, 'hidden_act is "gelu"; expected "silu"')
      await accepted({ ...config, hidden_act: 'silu' })
    }
  })

  test('Mamba-3 in a layout other than the official one', () =>
    expectError(
      loadModel(modelFiles({ config: { ...mamba, model_type: 'mamba3' }, tensors })),
      'ConfigError',
      'only the official layout of Mamba-3 is known',
    ))
})

describe('config.json', () => {
  const weights = modelFiles({ config: mamba, tensors })
  const withText = (text: string) => ({ ...weights, 'config.json': new TextEncoder().encode(text) })

  test('that is missing is named', async () => {
    const { 'config.json': _, ...files } = weights
    await expectError(loadModel(files), 'ConfigError', 'memory/config.json: there is no such file')
  })

  test.each([
    ['is empty', ''],
    ['is not JSON', 'model_type: mamba'],
    ['is cut off', '{"model_type": "mam'],
    ['is a list', '[]'],
    ['is null', 'null'],
  ])('that %s is refused', (_, text) =>
    expectError(loadModel(withText(text)), 'ConfigError', 'memory/config.json'),
  )

  test('that is not UTF-8 is refused', () =>
    expectError(
      loadModel({ ...weights, 'config.json': Uint8Array.of(0xff, 0xfe) }),
      'CheckpointError',
      'config.json',
    ))
})
