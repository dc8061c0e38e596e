import type { Tensor } from '@mamba/core'
import { elementCount } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import type { Checkpoint } from '../checkpoint/index.ts'
import { ConfigReader } from '../config/index.ts'
import type { WeightReader } from '../weights/weight-reader.ts'
import { detectArchitecture } from './registry.ts'

/** A checkpoint of which only the configuration is there. */
const empty = { format: 'safetensors', name: 'published', names: [] as string[] } as unknown as Checkpoint

/** Elements of all tensors that the architecture of a configuration declares. */
function parameters(raw: Record<string, unknown>): number {
  const { architecture, layout } = detectArchitecture(raw, 'config.json', empty)
  let count = 0
  const declare = (_: string, shape: readonly number[]): Tensor => {
    count += elementCount(shape)
    return {} as Tensor
  }
  const reader = {
    at: () => reader,
    has: () => false,
    ignore: () => {},
    matrix: declare,
    vector: declare,
    stateMatrix: (shape: readonly number[]) => declare('A', shape),
  }
  const config = architecture.config(new ConfigReader(raw, 'config.json'), layout, {})
  architecture.weights(reader as unknown as WeightReader, config)
  return count
}

const mamba = (d_model: number, n_layer: number) => ({
  d_model,
  n_layer,
  vocab_size: 50277,
  ssm_cfg: {},
  rms_norm: true,
  residual_in_fp32: true,
  fused_add_norm: true,
  pad_vocab_size_multiple: 8,
})
const mamba2 = (d_model: number, n_layer: number) => ({
  ...mamba(d_model, n_layer),
  d_intermediate: 0,
  ssm_cfg: { layer: 'Mamba2' },
  attn_layer_idx: [],
  attn_cfg: {},
  pad_vocab_size_multiple: 16,
  tie_embeddings: true,
})
const mamba3 = (d_model: number, n_layer: number, d_intermediate: number, ssm = {}) => ({
  ...mamba2(d_model, n_layer),
  d_intermediate,
  vocab_size: 128256,
  ssm_cfg: { layer: 'Mamba3', ...ssm },
})

describe('the configuration of a published model asks for as many parameters as the model has', () => {
  test.each([
    ['mamba-130m', mamba(768, 24), 129_135_360],
    ['mamba-1.4b', mamba(2048, 48), 1_372_178_432],
    ['mamba-2.8b', mamba(2560, 64), 2_768_345_600],
    ['mamba2-130m', mamba2(768, 24), 128_989_632],
    ['mamba2-2.7b', mamba2(2560, 64), 2_702_599_680],
    ['mamba3-siso-187m', mamba3(768, 12, 1536), 186_849_600],
    // 1264 is stored as 1280.
    ['mamba3-mimo-187m', mamba3(768, 12, 1264, { is_mimo: true }), 187_291_968],
    ['mamba3-siso-1.5b', mamba3(2048, 24, 4096), 1_494_723_584],
    [
      'falcon-mamba-7b',
      {
        model_type: 'falcon_mamba',
        hidden_size: 4096,
        num_hidden_layers: 64,
        intermediate_size: 8192,
        expand: 16,
        state_size: 16,
        time_step_rank: 256,
        vocab_size: 65024,
        tie_word_embeddings: false,
      },
      7_272_665_088,
    ],
    [
      'Codestral-Mamba 7B',
      { model_type: 'mamba2', hidden_size: 4096, num_hidden_layers: 64, vocab_size: 32768 },
      7_285_403_648,
    ],
  ])('%s', (_, config, count) => expect(parameters(config)).toBe(count))
})
