import type { BackboneConfig } from '../architectures/backbone.ts'
import type { MambaConfig } from '../blocks/mamba.ts'
import type { Mamba2Config } from '../blocks/mamba2.ts'
import type { Mamba3Config } from '../blocks/mamba3.ts'
import {
  type Distribution,
  headLogarithm,
  kaiming,
  normal,
  ones,
  stateLogarithm,
  stepSizeBias,
  uniform,
} from './distributions.ts'

/*
 * The tensors of the official layout and how the official code initialises them (mamba_ssm, `_init_weights` and the
 * mixers' constructors). Activations keep their size through any number of layers with it.
 */

/** A tensor: shape, outermost axis first, and what its elements are. */
export interface RandomTensor {
  readonly shape: readonly number[]
  readonly distribution: Distribution
}

/** The tensors of a mixer by name. @param residuals how many outputs are added to the stream in the whole model */
type MixerTensors<MixerConfig> = (mixer: MixerConfig, residuals: number) => Record<string, RandomTensor>

/** Every tensor of a model by its name in the official layout, in the order of the layers. */
export function backboneTensors<MixerConfig>(
  { dModel, nLayers, paddedVocabSize, mlp, mixer }: BackboneConfig<MixerConfig>,
  mixerTensors: MixerTensors<MixerConfig>,
): Record<string, RandomTensor> {
  const norm = tensor([dModel], ones)
  const residuals = nLayers * (mlp ? 2 : 1)
  const layer = {
    'norm.weight': norm,
    ...prefixed('mixer.', mixerTensors(mixer, residuals)),
    ...(mlp && {
      'norm2.weight': norm,
      'mlp.fc1.weight': tensor([2 * mlp.dHidden, dModel], kaiming(dModel)),
      'mlp.fc2.weight': residual([dModel, mlp.dHidden], residuals),
    }),
  }
  const layers = Array.from({ length: nLayers }, (_, i) => prefixed(`backbone.layers.${i}.`, layer))
  return {
    'backbone.embedding.weight': tensor([paddedVocabSize, dModel], normal(0.02)),
    ...Object.assign({}, ...layers),
    'backbone.norm_f.weight': norm,
  }
}

/** Of Mamba-1. */
export const mambaTensors: MixerTensors<MambaConfig> = (
  { dModel, dInner, dState, dConv, dtRank },
  residuals,
) => ({
  'in_proj.weight': tensor([2 * dInner, dModel], kaiming(dModel)),
  ...convolution(dInner, dConv),
  'x_proj.weight': tensor([dtRank + 2 * dState, dInner], kaiming(dInner)),
  'dt_proj.weight': tensor([dInner, dtRank], kaiming(dtRank)),
  'dt_proj.bias': tensor([dInner], stepSizeBias),
  A_log: tensor([dInner, dState], stateLogarithm),
  D: tensor([dInner], ones),
  'out_proj.weight': residual([dModel, dInner], residuals),
})

/** Of Mamba-2. */
export const mamba2Tensors: MixerTensors<Mamba2Config> = (
  { dModel, nHeads, headDim, nGroups, dState, dConv },
  residuals,
) => {
  const dInner = nHeads * headDim
  const dConvolved = dInner + 2 * nGroups * dState
  return {
    'in_proj.weight': tensor([dInner + dConvolved + nHeads, dModel], kaiming(dModel)),
    ...convolution(dConvolved, dConv),
    dt_bias: tensor([nHeads], stepSizeBias),
    A_log: tensor([nHeads], headLogarithm),
    D: tensor([nHeads], ones),
    'norm.weight': tensor([dInner], ones),
    'out_proj.weight': residual([dModel, dInner], residuals),
  }
}

/** Of Mamba-3 with one input and output (SISO). */
export const mamba3Tensors: MixerTensors<Mamba3Config> = (
  { dModel, nHeads, headDim, nGroups, dState, nAngles },
  residuals,
) => {
  const dInner = nHeads * headDim
  const bias = tensor([nHeads, 1, dState], ones)
  const dProjected = 2 * dInner + 2 * nGroups * dState + 3 * nHeads + nAngles
  return {
    'in_proj.weight': tensor([dProjected, dModel], kaiming(dModel)),
    dt_bias: tensor([nHeads], stepSizeBias),
    'B_norm.weight': tensor([dState], ones),
    'C_norm.weight': tensor([dState], ones),
    B_bias: bias,
    C_bias: bias,
    D: tensor([nHeads], ones),
    'out_proj.weight': residual([dModel, dInner], residuals),
  }
}

function tensor(shape: readonly number[], distribution: Distribution): RandomTensor {
  return { shape, distribution }
}

/** A matrix whose product is added to the residual stream: smaller, the more of them there are. */
function residual(shape: readonly [number, number], residuals: number): RandomTensor {
  return tensor(shape, uniform(1 / Math.sqrt(shape[1] * residuals)))
}

function convolution(channels: number, dConv: number): Record<string, RandomTensor> {
  return {
    'conv1d.weight': tensor([channels, 1, dConv], kaiming(dConv)),
    'conv1d.bias': tensor([channels], kaiming(dConv)),
  }
}

function prefixed<T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [prefix + name, value]))
}
