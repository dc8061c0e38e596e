import { describe, expect, test } from 'vitest'
import { logitsOfCheckpoint, relativeError } from '../../testing/logits.ts'
import { renamed, type TestCheckpoint } from '../../testing/memory-checkpoint.ts'
import { randomWeights } from '../../testing/random-weights.ts'

/*
 * Options of Mamba-2 that no golden file has, most of them of the official layout, against a second implementation:
 * the formulas, token by token, on plain arrays of float64, without anything of this package or of core.
 */

/** Sizes and options of a small official model, with their defaults. */
interface Official {
  readonly dModel: number
  readonly expand: number
  readonly dSsm: number
  readonly headDim: number
  readonly nGroups: number
  readonly dState: number
  readonly dConv: number
  readonly dIntermediate: number
  readonly dHasHdim: boolean
  readonly rmsNorm: boolean
  readonly normBeforeGate: boolean
  readonly bias: boolean
  readonly convBias: boolean
  readonly dtLimit: readonly [number, number]
  readonly tied: boolean
  /** Of every norm; the official configuration has no key for it. */
  readonly eps: number
}

const defaults: Official = {
  dModel: 12,
  expand: 2,
  dSsm: 24,
  headDim: 4,
  nGroups: 1,
  dState: 5,
  dConv: 4,
  dIntermediate: 0,
  dHasHdim: false,
  rmsNorm: true,
  normBeforeGate: false,
  bias: false,
  convBias: true,
  dtLimit: [0, Number.POSITIVE_INFINITY],
  tied: true,
  eps: 1e-5,
}
const vocabSize = 23
const paddedVocabSize = 24
const nLayers = 2

function checkpoint(options: Official, seed: number): TestCheckpoint {
  const { dModel, expand, dSsm, headDim, nGroups, dState, dConv, dIntermediate, tied } = options
  const dMlp = expand * dModel - dSsm
  const nHeads = dSsm / headDim
  const dConvolved = dSsm + 2 * nGroups * dState
  const dProjected = 2 * dMlp + dSsm + dConvolved + nHeads
  const dHidden = Math.ceil(dIntermediate / 128) * 128
  const shapes: Record<string, number[]> = {
    'backbone.embedding.weight': [paddedVocabSize, dModel],
    'backbone.norm_f.weight': [dModel],
  }
  if (!tied) shapes['lm_head.weight'] = [paddedVocabSize, dModel]
  for (let layer = 0; layer < nLayers; layer++) {
    const prefix = `backbone.layers.${layer}.`
    shapes[`${prefix}norm.weight`] = [dModel]
    shapes[`${prefix}mixer.in_proj.weight`] = [dProjected, dModel]
    if (options.bias) shapes[`${prefix}mixer.in_proj.bias`] = [dProjected]
    shapes[`${prefix}mixer.conv1d.weight`] = [dConvolved, 1, dConv]
    if (options.convBias) shapes[`${prefix}mixer.conv1d.bias`] = [dConvolved]
    shapes[`${prefix}mixer.dt_bias`] = [nHeads]
    shapes[`${prefix}mixer.A_log`] = [nHeads]
    shapes[`${prefix}mixer.D`] = [options.dHasHdim ? dSsm : nHeads]
    if (options.rmsNorm) shapes[`${prefix}mixer.norm.weight`] = [dSsm]
    shapes[`${prefix}mixer.out_proj.weight`] = [dModel, dMlp + dSsm]
    if (options.bias) shapes[`${prefix}mixer.out_proj.bias`] = [dModel]
    if (dHidden > 0) {
      shapes[`${prefix}norm2.weight`] = [dModel]
      shapes[`${prefix}mlp.fc1.weight`] = [2 * dHidden, dModel]
      shapes[`${prefix}mlp.fc2.weight`] = [dModel, dHidden]
    }
  }
  const config = {
    d_model: dModel,
    d_intermediate: dIntermediate,
    n_layer: nLayers,
    vocab_size: vocabSize,
    ssm_cfg: {
      layer: 'Mamba2',
      d_state: dState,
      d_conv: dConv,
      expand,
      headdim: headDim,
      d_ssm: dMlp > 0 ? dSsm : null,
      ngroups: nGroups,
      D_has_hdim: options.dHasHdim,
      rmsnorm: options.rmsNorm,
      norm_before_gate: options.normBeforeGate,
      bias: options.bias,
      conv_bias: options.convBias,
      // JSON has no infinity.
      dt_limit: options.dtLimit.map((limit) => (Number.isFinite(limit) ? limit : 'Infinity')),
    },
    tie_embeddings: tied,
  }
  return { config, tensors: randomWeights(shapes, seed) }
}

const silu = (x: number) => x / (1 + Math.exp(-x))
const softplus = (x: number) => Math.log1p(Math.exp(x))
const rms = (x: number[], eps: number) =>
  Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + eps)
const times = (weight: Float32Array, x: number[]) =>
  Array.from({ length: weight.length / x.length }, (_, row) =>
    x.reduce((sum, value, i) => sum + weight[row * x.length + i]! * value, 0),
  )

/** Logits of all positions, (length, paddedVocabSize). */
function referenceLogits(options: Official, { tensors }: TestCheckpoint, ids: readonly number[]): number[] {
  const { dModel, tied } = options
  const weight = (name: string) => tensors[name]!.data
  const embedding = weight('backbone.embedding.weight')
  const head = tied ? embedding : weight('lm_head.weight')
  const layers = Array.from({ length: nLayers }, (_, i) =>
    referenceLayer(options, tensors, `backbone.layers.${i}.`),
  )
  return ids.flatMap((id) => {
    let x = Array.from(embedding.subarray(id * dModel, (id + 1) * dModel))
    for (const layer of layers) x = layer(x)
    return times(head, normed(x, weight('backbone.norm_f.weight'), options.eps))
  })
}

const normed = (x: number[], weight: Float32Array, eps: number) => {
  const size = rms(x, eps)
  return x.map((value, i) => (value / size) * weight[i]!)
}

/** One layer, fed with one token after the other; it keeps the window of its convolution and its state. */
function referenceLayer(options: Official, tensors: TestCheckpoint['tensors'], prefix: string) {
  const { dModel, expand, dSsm, headDim, nGroups, dState, dConv, dtLimit, normBeforeGate, eps } = options
  const weight = (name: string) => tensors[prefix + name]?.data
  const biased = (x: number[], bias: Float32Array | undefined) =>
    x.map((value, i) => value + (bias?.[i] ?? 0))
  const dMlp = expand * dModel - dSsm
  const nHeads = dSsm / headDim
  const dConvolved = dSsm + 2 * nGroups * dState
  const window = Array.from({ length: dConv }, () => new Array<number>(dConvolved).fill(0))
  const h = Array.from({ length: dSsm }, () => new Array<number>(dState).fill(0))

  const mixer = (u: number[]) => {
    const projected = biased(times(weight('mixer.in_proj.weight')!, u), weight('mixer.in_proj.bias'))
    const take = (count: number) => projected.splice(0, count)
    const [z0, x0, z, xBC, dt] = [take(dMlp), take(dMlp), take(dSsm), take(dConvolved), take(nHeads)]
    window.shift()
    window.push(xBC)
    const taps = weight('mixer.conv1d.weight')!
    const convolved = biased(
      xBC.map((_, c) => window.reduce((sum, input, k) => sum + taps[c * dConv + k]! * input[c]!, 0)),
      weight('mixer.conv1d.bias'),
    ).map(silu)
    const x = convolved.slice(0, dSsm)
    const D = weight('mixer.D')!
    let y = x.map((value, channel) => {
      const head = Math.floor(channel / headDim)
      const group = Math.floor(head / (nHeads / nGroups))
      const step = softplus(dt[head]! + weight('mixer.dt_bias')![head]!)
      const delta = Math.min(Math.max(step, dtLimit[0]), dtLimit[1])
      const decay = Math.exp(-delta * Math.exp(weight('mixer.A_log')![head]!))
      let sum = D[options.dHasHdim ? channel : head]! * value
      for (let n = 0; n < dState; n++) {
        const B = convolved[dSsm + group * dState + n]!
        const C = convolved[dSsm + (nGroups + group) * dState + n]!
        h[channel]![n] = decay * h[channel]![n]! + delta * B * value
        sum += C * h[channel]![n]!
      }
      return sum
    })
    const gated = (values: number[]) => values.map((value, i) => value * silu(z[i]!))
    if (!options.rmsNorm || !normBeforeGate) y = gated(y)
    if (options.rmsNorm) {
      const size = dSsm / nGroups
      const groupSizes = Array.from({ length: nGroups }, (_, g) =>
        rms(y.slice(g * size, (g + 1) * size), eps),
      )
      y = y.map((value, i) => (value / groupSizes[Math.floor(i / size)]!) * weight('mixer.norm.weight')![i]!)
      if (normBeforeGate) y = gated(y)
    }
    const mlp = x0.map((value, i) => silu(z0[i]!) * value)
    return biased(times(weight('mixer.out_proj.weight')!, [...mlp, ...y]), weight('mixer.out_proj.bias'))
  }

  const gatedMlp = (u: number[]) => {
    const hidden = times(weight('mlp.fc1.weight')!, u)
    const width = hidden.length / 2
    const product = hidden.slice(0, width).map((value, i) => value * silu(hidden[width + i]!))
    return times(weight('mlp.fc2.weight')!, product)
  }

  return (x: number[]) => {
    const mixed = mixer(normed(x, weight('norm.weight')!, eps))
    const afterMixer = x.map((value, i) => value + mixed[i]!)
    if (options.dIntermediate === 0) return afterMixer
    const added = gatedMlp(normed(afterMixer, weight('norm2.weight')!, eps))
    return afterMixer.map((value, i) => value + added[i]!)
  }
}

describe('the official Mamba-2 agrees with a plain float64 implementation', () => {
  const variants: Record<string, Partial<Official>> = {
    'with default options': {},
    'with part of the channels in a gated MLP': { dSsm: 16 },
    'with most of the channels in a gated MLP, and groups': { dSsm: 8, headDim: 2, nGroups: 2 },
    'with D for each channel': { dHasHdim: true },
    'without a gated norm': { rmsNorm: false },
    'with the norm before the gate': { normBeforeGate: true },
    'with the norm of each group before the gate': { normBeforeGate: true, nGroups: 3 },
    'with a gated MLP in each layer, its width rounded up to 128': { dIntermediate: 30 },
    'with a wider gated MLP': { dIntermediate: 129 },
    'with biases of the projections and none of the convolution': { bias: true, convBias: false },
    'with a limited step size': { dtLimit: [0.05, 0.3] },
    'with another kernel, expansion and head size': { dConv: 2, expand: 3, dSsm: 36, headDim: 6, nGroups: 2 },
    'with an untied head': { tied: false },
    'with everything at once': {
      dSsm: 12,
      headDim: 3,
      nGroups: 2,
      dConv: 3,
      dIntermediate: 100,
      dHasHdim: true,
      normBeforeGate: true,
      bias: true,
      dtLimit: [0.01, 0.5],
      tied: false,
    },
  }
  const ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 22]

  test.each(Object.entries(variants))('%s', async (name, variant) => {
    const options = { ...defaults, ...variant }
    const made = checkpoint(options, name.length)
    const got = await logitsOfCheckpoint(made, ids)
    expect(relativeError(got, referenceLogits(options, made, ids))).toBeLessThan(1e-6)
  })

  test('and the variants differ', () => {
    const made = checkpoint(defaults, 1)
    const want = referenceLogits(defaults, made, ids)
    for (const variant of [{ rmsNorm: false }, { normBeforeGate: true }, { dtLimit: [0.05, 0.3] as const }]) {
      expect(relativeError(referenceLogits({ ...defaults, ...variant }, made, ids), want)).toBeGreaterThan(
        1e-2,
      )
    }
  })
})

test("Hugging Face's layout takes the ε of the gated norm from the configuration too", async () => {
  const options = { ...defaults, eps: 0.02 }
  const made = checkpoint(options, 5)
  const config = {
    model_type: 'mamba2',
    hidden_size: options.dModel,
    num_hidden_layers: nLayers,
    vocab_size: paddedVocabSize,
    num_heads: options.dSsm / options.headDim,
    head_dim: options.headDim,
    n_groups: options.nGroups,
    state_size: options.dState,
    layer_norm_epsilon: options.eps,
    tie_word_embeddings: true,
  }
  const tensors = renamed(made.tensors, (name) => name.replace('embedding', 'embeddings'))
  const ids = [3, 1, 4, 1, 5, 9]
  const want = referenceLogits(options, made, ids)
  expect(relativeError(await logitsOfCheckpoint({ config, tensors }, ids), want)).toBeLessThan(1e-6)
})
