import fc from 'fast-check'
import type { TestCheckpoint } from './memory-checkpoint.ts'
import { randomWeights } from './random-weights.ts'

/*
 * Small checkpoints of every architecture and layout, with random sizes, options and weights. The shapes are written
 * from the formats' description, not taken from the code that reads them. Longer than other files, so that the
 * architectures stand beside each other.
 */

type Shapes = Record<string, readonly number[]>

const size = (min: number, max: number) => fc.integer({ min, max })
const shared = {
  vocabSize: size(1, 20),
  nLayers: size(1, 3),
  tied: fc.boolean(),
  bias: fc.boolean(),
  convBias: fc.boolean(),
  dState: size(1, 6),
  dConv: size(1, 5),
}
/** Of the official layout. */
const official = { pad: size(1, 9), dIntermediate: fc.constantFrom(0, 0, 1, 130) }
const heads = { nGroups: size(1, 3), headsPerGroup: size(1, 3), headDim: size(1, 4) }

/** Biases of the projections into and out of a mixer. */
function biases(has: boolean, dProjected: number, dModel: number): Shapes {
  return has ? { 'in_proj.bias': [dProjected], 'out_proj.bias': [dModel] } : {}
}

function convolution(channels: number, dConv: number, hasBias: boolean): Shapes {
  return {
    'conv1d.weight': [channels, 1, dConv],
    ...(hasBias ? { 'conv1d.bias': [channels] } : {}),
  }
}

interface Frame {
  readonly rows: number
  readonly dModel: number
  readonly nLayers: number
  readonly tied: boolean
  readonly dIntermediate?: number
}

function modelShapes(embedding: string, frame: Frame, mixer: Shapes): Shapes {
  const { rows, dModel, nLayers, tied, dIntermediate = 0 } = frame
  const dHidden = Math.ceil(dIntermediate / 128) * 128
  const mlp: Shapes = {
    'norm2.weight': [dModel],
    'mlp.fc1.weight': [2 * dHidden, dModel],
    'mlp.fc2.weight': [dModel, dHidden],
  }
  const layer: Shapes = {
    'norm.weight': [dModel],
    ...Object.fromEntries(Object.entries(mixer).map(([name, shape]) => [`mixer.${name}`, shape])),
    ...(dHidden > 0 ? mlp : {}),
  }
  const shapes: Record<string, readonly number[]> = {
    [embedding]: [rows, dModel],
    'backbone.norm_f.weight': [dModel],
  }
  if (!tied) shapes['lm_head.weight'] = [rows, dModel]
  for (let i = 0; i < nLayers; i++) {
    for (const [name, shape] of Object.entries(layer)) shapes[`backbone.layers.${i}.${name}`] = shape
  }
  return shapes
}

const huggingFaceName = 'backbone.embeddings.weight'
const officialName = 'backbone.embedding.weight'

const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple

interface MambaSizes {
  readonly dModel: number
  readonly dInner: number
  readonly dState: number
  readonly dConv: number
  readonly dtRank: number
  readonly bias: boolean
  readonly convBias: boolean
}

function mambaMixer({ dModel, dInner, dState, dConv, dtRank, bias, convBias }: MambaSizes): Shapes {
  return {
    'in_proj.weight': [2 * dInner, dModel],
    ...convolution(dInner, dConv, convBias),
    'x_proj.weight': [dtRank + 2 * dState, dInner],
    'dt_proj.weight': [dInner, dtRank],
    'dt_proj.bias': [dInner],
    A_log: [dInner, dState],
    D: [dInner],
    'out_proj.weight': [dModel, dInner],
    ...biases(bias, 2 * dInner, dModel),
  }
}

type Made = Pick<TestCheckpoint, 'config'> & { readonly shapes: Shapes }

const mamba = fc
  .record({ ...shared, falcon: fc.boolean(), dModel: size(1, 20), dInner: size(1, 13), dtRank: size(1, 4) })
  .map((sizes): Made => {
    const { vocabSize, nLayers, tied, bias, convBias, dState, dConv, falcon, dModel, dInner, dtRank } = sizes
    return {
      config: {
        model_type: falcon ? 'falcon_mamba' : 'mamba',
        vocab_size: vocabSize,
        hidden_size: dModel,
        num_hidden_layers: nLayers,
        intermediate_size: dInner,
        state_size: dState,
        conv_kernel: dConv,
        time_step_rank: dtRank,
        use_bias: bias,
        use_conv_bias: convBias,
        tie_word_embeddings: tied,
      },
      shapes: modelShapes(huggingFaceName, { rows: vocabSize, dModel, nLayers, tied }, mambaMixer(sizes)),
    }
  })

const officialMamba = fc
  .record({ ...shared, ...official, dModel: size(1, 20), expand: size(1, 3), dtRank: fc.option(size(1, 3)) })
  .map((sizes): Made => {
    const { vocabSize, nLayers, tied, bias, convBias, dState, dConv, pad, dIntermediate, dModel, expand } =
      sizes
    const dtRank = sizes.dtRank ?? Math.ceil(dModel / 16)
    const rows = roundUp(vocabSize, pad)
    return {
      config: {
        d_model: dModel,
        d_intermediate: dIntermediate,
        n_layer: nLayers,
        vocab_size: vocabSize,
        pad_vocab_size_multiple: pad,
        tie_embeddings: tied,
        ssm_cfg: {
          layer: 'Mamba1',
          d_state: dState,
          d_conv: dConv,
          expand,
          dt_rank: sizes.dtRank ?? 'auto',
          bias,
          conv_bias: convBias,
        },
      },
      shapes: modelShapes(
        officialName,
        { rows, dModel, nLayers, tied, dIntermediate },
        mambaMixer({ dModel, dInner: expand * dModel, dState, dConv, dtRank, bias, convBias }),
      ),
    }
  })

const mamba2 = fc
  .record({ ...shared, ...heads, expand: size(1, 3), limited: fc.boolean() })
  .map(({ vocabSize, nLayers, tied, bias, convBias, dState, dConv, ...sizes }): Made => {
    const { nGroups, expand } = sizes
    const nHeads = nGroups * sizes.headsPerGroup
    const headDim = expand * sizes.headDim
    const dInner = nHeads * headDim
    const dModel = dInner / expand
    const dConvolved = dInner + 2 * nGroups * dState
    const dProjected = dInner + dConvolved + nHeads
    return {
      config: {
        model_type: 'mamba2',
        vocab_size: vocabSize,
        hidden_size: dModel,
        num_hidden_layers: nLayers,
        expand,
        num_heads: nHeads,
        head_dim: headDim,
        n_groups: nGroups,
        state_size: dState,
        conv_kernel: dConv,
        use_bias: bias,
        use_conv_bias: convBias,
        tie_word_embeddings: tied,
        ...(sizes.limited ? { time_step_limit: [0.01, 0.2] } : {}),
      },
      shapes: modelShapes(
        huggingFaceName,
        { rows: vocabSize, dModel, nLayers, tied },
        {
          'in_proj.weight': [dProjected, dModel],
          ...convolution(dConvolved, dConv, convBias),
          dt_bias: [nHeads],
          A_log: [nHeads],
          D: [nHeads],
          'norm.weight': [dInner],
          'out_proj.weight': [dModel, dInner],
          ...biases(bias, dProjected, dModel),
        },
      ),
    }
  })

const officialMamba2 = fc
  .record({
    ...shared,
    ...official,
    ...heads,
    dMlp: size(0, 5),
    dHasHdim: fc.boolean(),
    rmsNorm: fc.boolean(),
    normBeforeGate: fc.boolean(),
  })
  .map(({ vocabSize, nLayers, tied, bias, convBias, dState, dConv, pad, dIntermediate, ...sizes }): Made => {
    const { nGroups, headDim, dMlp, dHasHdim, rmsNorm, normBeforeGate } = sizes
    const nHeads = nGroups * sizes.headsPerGroup
    const dSsm = nHeads * headDim
    // With an expansion of 1, so that the model is as wide as both parts of the block.
    const dModel = dSsm + dMlp
    const dConvolved = dSsm + 2 * nGroups * dState
    const dProjected = 2 * dMlp + dSsm + dConvolved + nHeads
    return {
      config: {
        d_model: dModel,
        d_intermediate: dIntermediate,
        n_layer: nLayers,
        vocab_size: vocabSize,
        pad_vocab_size_multiple: pad,
        tie_embeddings: tied,
        ssm_cfg: {
          layer: 'Mamba2',
          d_state: dState,
          d_conv: dConv,
          expand: 1,
          d_ssm: dSsm,
          headdim: headDim,
          ngroups: nGroups,
          D_has_hdim: dHasHdim,
          rmsnorm: rmsNorm,
          norm_before_gate: normBeforeGate,
          bias,
          conv_bias: convBias,
        },
      },
      shapes: modelShapes(
        officialName,
        { rows: roundUp(vocabSize, pad), dModel, nLayers, tied, dIntermediate },
        {
          'in_proj.weight': [dProjected, dModel],
          ...convolution(dConvolved, dConv, convBias),
          dt_bias: [nHeads],
          A_log: [nHeads],
          D: [dHasHdim ? dSsm : nHeads],
          ...(rmsNorm ? { 'norm.weight': [dSsm] } : {}),
          'out_proj.weight': [dModel, dModel],
          ...biases(bias, dProjected, dModel),
        },
      ),
    }
  })

const mamba3 = fc
  .record({
    ...shared,
    ...official,
    ...heads,
    halfState: size(1, 4),
    expand: size(1, 2),
    rope: fc.constantFrom(1, 0.5, 0.75),
    mimo: fc.boolean(),
    rank: size(1, 3),
    outputNorm: fc.boolean(),
  })
  .map(({ vocabSize, nLayers, tied, pad, dIntermediate, ...sizes }): Made => {
    const { nGroups, expand, mimo, outputNorm } = sizes
    const nHeads = nGroups * sizes.headsPerGroup
    const headDim = expand * sizes.headDim
    const dInner = nHeads * headDim
    const dModel = dInner / expand
    const dState = 2 * sizes.halfState
    const rope = Math.floor(dState * sizes.rope) < 2 ? 1 : sizes.rope
    const nAngles = Math.floor(Math.floor(dState * rope) / 2)
    const rank = mimo ? sizes.rank : 1
    const perRank = [nHeads, rank, headDim]
    return {
      config: {
        d_model: dModel,
        d_intermediate: dIntermediate,
        n_layer: nLayers,
        vocab_size: vocabSize,
        pad_vocab_size_multiple: pad,
        tie_embeddings: tied,
        ssm_cfg: {
          layer: 'Mamba3',
          d_state: dState,
          expand,
          headdim: headDim,
          ngroups: nGroups,
          rope_fraction: rope,
          is_mimo: mimo,
          mimo_rank: sizes.rank,
          is_outproj_norm: outputNorm,
        },
      },
      shapes: modelShapes(
        officialName,
        { rows: roundUp(vocabSize, pad), dModel, nLayers, tied, dIntermediate },
        {
          'in_proj.weight': [2 * dInner + 2 * dState * nGroups * rank + 3 * nHeads + nAngles, dModel],
          dt_bias: [nHeads],
          'B_norm.weight': [dState],
          'C_norm.weight': [dState],
          B_bias: [nHeads, rank, dState],
          C_bias: [nHeads, rank, dState],
          D: [nHeads],
          ...(mimo ? { mimo_x: perRank, mimo_z: perRank, mimo_o: perRank } : {}),
          ...(outputNorm ? { 'norm.weight': [dInner] } : {}),
          'out_proj.weight': [dModel, dInner],
        },
      ),
    }
  })

/** Random checkpoints, by architecture and layout. */
export const randomCheckpoints: Readonly<Record<string, fc.Arbitrary<TestCheckpoint>>> = Object.fromEntries(
  Object.entries({
    'Mamba-1 and FalconMamba': mamba,
    'official Mamba-1': officialMamba,
    'Mamba-2': mamba2,
    'official Mamba-2': officialMamba2,
    'Mamba-3': mamba3,
  }).map(([name, made]) => [
    name,
    fc
      .tuple(made, fc.nat())
      .map(([{ config, shapes }, seed]) => ({ config, tensors: randomWeights(shapes, seed) })),
  ]),
)
