import {
  type GgufTestFile,
  type GgufTestTensor,
  type GgufTestValue,
  string,
  u32,
  writeGguf,
} from '../checkpoint/testing/write-gguf.ts'
import type { TestCheckpoint, TestTensor } from './memory-checkpoint.ts'

const f32 = (value: number): GgufTestValue => ({ type: 6, write: (writer) => writer.f32(value) })
const bool = (value: boolean): GgufTestValue => ({ type: 7, write: (writer) => writer.u8(value ? 1 : 0) })

const topNames: Readonly<Record<string, string>> = {
  'backbone.embeddings.weight': 'token_embd.weight',
  'backbone.norm_f.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
}

const layerNames: Readonly<Record<string, string>> = {
  'norm.weight': 'attn_norm.weight',
  'mixer.in_proj.weight': 'ssm_in.weight',
  'mixer.in_proj.bias': 'ssm_in.bias',
  'mixer.conv1d.weight': 'ssm_conv1d.weight',
  'mixer.conv1d.bias': 'ssm_conv1d.bias',
  'mixer.x_proj.weight': 'ssm_x.weight',
  'mixer.dt_proj.weight': 'ssm_dt.weight',
  'mixer.dt_proj.bias': 'ssm_dt.bias',
  'mixer.dt_bias': 'ssm_dt.bias',
  'mixer.A_log': 'ssm_a',
  'mixer.D': 'ssm_d',
  'mixer.norm.weight': 'ssm_norm.weight',
  'mixer.out_proj.weight': 'ssm_out.weight',
  'mixer.out_proj.bias': 'ssm_out.bias',
}

/**
 * Converts a Hugging Face checkpoint as llama.cpp's converter does, to F32: the kernel loses its middle axis, A is
 * stored as −exp(A_log), and Mamba-2's A, D and norm get two axes.
 */
export function toGguf(checkpoint: TestCheckpoint): Uint8Array<ArrayBuffer> {
  return writeGguf(ggufContent(checkpoint))
}

/** What {@link toGguf} writes, for tests that change it. */
export function ggufContent({
  config,
  tensors,
}: TestCheckpoint): Required<Pick<GgufTestFile, 'pairs' | 'tensors'>> {
  const isMamba2 = config.model_type === 'mamba2'
  const groups = Number(config.n_groups)
  const converted = Object.entries(tensors).map(([name, tensor]): GgufTestTensor => {
    const [, layer, rest] = /^backbone\.layers\.(\d+)\.(.+)$/.exec(name) ?? []
    const { shape, data } = convertedTensor(rest, tensor, isMamba2 ? groups : undefined)
    return {
      name: rest === undefined ? topNames[name]! : `blk.${layer}.${layerNames[rest]}`,
      axes: shape.toReversed(),
      type: 0,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    }
  })
  return { pairs: isMamba2 ? mamba2Keys(config) : mambaKeys(config), tensors: converted }
}

function convertedTensor(
  name: string | undefined,
  { shape, data }: TestTensor,
  groups: number | undefined,
): TestTensor {
  const a = name === 'mixer.A_log' ? data.map((logarithm) => -Math.exp(logarithm)) : data
  if (name === 'mixer.conv1d.weight') return { shape: [shape[0]!, shape[2]!], data }
  if (groups === undefined) return { shape, data: a }
  if (name === 'mixer.A_log' || name === 'mixer.D') return { shape: [shape[0]!, 1], data: a }
  if (name === 'mixer.norm.weight') return { shape: [groups, shape[0]! / groups], data }
  return { shape, data }
}

/** The same checkpoint with the ε of its norms as GGUF holds it. */
export function withF32Epsilon({ config, tensors }: TestCheckpoint): TestCheckpoint {
  return {
    config: { ...config, layer_norm_epsilon: Math.fround(Number(config.layer_norm_epsilon)) },
    tensors,
  }
}

type Config = TestCheckpoint['config']

function commonKeys(architecture: string, config: Config, innerSize: number): [string, GgufTestValue][] {
  return [
    ['general.architecture', string(architecture)],
    [`${architecture}.block_count`, u32(Number(config.num_hidden_layers))],
    [`${architecture}.context_length`, u32(2 ** 20)],
    [`${architecture}.embedding_length`, u32(Number(config.hidden_size))],
    [`${architecture}.attention.layer_norm_rms_epsilon`, f32(Number(config.layer_norm_epsilon))],
    [`${architecture}.ssm.conv_kernel`, u32(Number(config.conv_kernel))],
    [`${architecture}.ssm.inner_size`, u32(innerSize)],
    [`${architecture}.ssm.state_size`, u32(Number(config.state_size))],
    ['tokenizer.ggml.bos_token_id', u32(1)],
    ['tokenizer.ggml.eos_token_id', u32(7)],
  ]
}

function mambaKeys(config: Config): [string, GgufTestValue][] {
  return [
    ...commonKeys('mamba', config, Number(config.intermediate_size)),
    ['mamba.ssm.time_step_rank', u32(Number(config.time_step_rank))],
    ['mamba.ssm.dt_b_c_rms', bool(config.model_type === 'falcon_mamba')],
  ]
}

function mamba2Keys(config: Config): [string, GgufTestValue][] {
  const heads = Number(config.num_heads)
  return [
    ...commonKeys('mamba2', config, heads * Number(config.head_dim)),
    ['mamba2.ssm.time_step_rank', u32(heads)],
    ['mamba2.ssm.group_count', u32(Number(config.n_groups))],
  ]
}
