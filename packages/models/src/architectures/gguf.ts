import { CheckpointError, ConfigError } from '@mamba/core'
import type { Checkpoint, TensorInfo } from '../checkpoint/index.ts'
import { originalName } from './gguf-names.ts'

/** Architectures of GGUF, `general.architecture`, that are presented under Hugging Face's names. */
const ggufArchitectures = ['mamba', 'mamba2'] as const

/**
 * Presents a GGUF checkpoint as the Hugging Face checkpoint that it was converted from: a configuration with
 * `config.json`'s keys, and tensors with their original names. What conversion changed stays changed: the state
 * matrix is called `A`, because it is stored as −exp(A_log).
 * @throws ConfigError if it holds another architecture
 * @throws CheckpointError if a key is missing
 */
export function fromGguf(checkpoint: Checkpoint): { raw: Record<string, unknown>; checkpoint: Checkpoint } {
  const architecture = checkpoint.metadata['general.architecture']
  if (!ggufArchitectures.some((known) => known === architecture)) {
    throw new ConfigError(
      `${checkpoint.name}: the architecture is ${String(architecture)}; supported in GGUF: ${ggufArchitectures.join(', ')}`,
    )
  }
  const renamed = rename(checkpoint, architecture === 'mamba2')
  return {
    raw: architecture === 'mamba2' ? mamba2Config(renamed) : mambaConfig(renamed),
    checkpoint: renamed,
  }
}

function rename(checkpoint: Checkpoint, isMamba2: boolean): Checkpoint {
  const stored = new Map(checkpoint.names.map((name) => [originalName(name, isMamba2), name]))
  const storedName = (name: string) => stored.get(name) ?? name
  return {
    format: checkpoint.format,
    name: checkpoint.name,
    metadata: checkpoint.metadata,
    names: [...stored.keys()],
    info(name): TensorInfo {
      const info = checkpoint.info(storedName(name))
      // The gated norm's weight is stored as (groups, group size).
      const shape = name.endsWith('.mixer.norm.weight') ? [info.shape.reduce((a, b) => a * b, 1)] : info.shape
      return { ...info, name, shape }
    },
    read: (name, signal) => checkpoint.read(storedName(name), signal),
    close: () => checkpoint.close(),
  }
}

function commonConfig(checkpoint: Checkpoint) {
  const names = new Set(checkpoint.names)
  const embedding = 'backbone.embeddings.weight'
  if (!names.has(embedding))
    throw new CheckpointError(`${checkpoint.name}: tensor token_embd.weight is missing`)
  return {
    vocab_size: checkpoint.info(embedding).shape[0],
    hidden_size: required(checkpoint, 'embedding_length'),
    num_hidden_layers: required(checkpoint, 'block_count'),
    state_size: required(checkpoint, 'ssm.state_size'),
    conv_kernel: required(checkpoint, 'ssm.conv_kernel'),
    intermediate_size: required(checkpoint, 'ssm.inner_size'),
    layer_norm_epsilon: required(checkpoint, 'attention.layer_norm_rms_epsilon'),
    tie_word_embeddings: !names.has('lm_head.weight'),
    use_bias: names.has('backbone.layers.0.mixer.in_proj.bias'),
    use_conv_bias: names.has('backbone.layers.0.mixer.conv1d.bias'),
    bos_token_id: checkpoint.metadata['tokenizer.ggml.bos_token_id'],
    eos_token_id: checkpoint.metadata['tokenizer.ggml.eos_token_id'],
  }
}

function mambaConfig(checkpoint: Checkpoint): Record<string, unknown> {
  return {
    ...commonConfig(checkpoint),
    model_type: checkpoint.metadata['mamba.ssm.dt_b_c_rms'] === true ? 'falcon_mamba' : 'mamba',
    time_step_rank: required(checkpoint, 'ssm.time_step_rank'),
  }
}

function mamba2Config(checkpoint: Checkpoint): Record<string, unknown> {
  const common = commonConfig(checkpoint)
  const heads = Number(required(checkpoint, 'ssm.time_step_rank'))
  return {
    ...common,
    model_type: 'mamba2',
    num_heads: heads,
    head_dim: Number(common.intermediate_size) / heads,
    n_groups: required(checkpoint, 'ssm.group_count'),
  }
}

function required(checkpoint: Checkpoint, key: string): unknown {
  const full = `${String(checkpoint.metadata['general.architecture'])}.${key}`
  const value = checkpoint.metadata[full]
  if (value === undefined) throw new CheckpointError(`${checkpoint.name}: key ${full} is missing`)
  return value
}
