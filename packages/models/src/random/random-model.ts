import { byteLength, ConfigError, type DType, weightDTypes } from '@mamba/core'
import { mambaConfig } from '../architectures/mamba/config.ts'
import { mamba2Config } from '../architectures/mamba2/config.ts'
import { mamba3Config } from '../architectures/mamba3/config.ts'
import { tableCheckpoint } from '../checkpoint/checkpoint.ts'
import type { Checkpoint, Source, TensorInfo } from '../checkpoint/index.ts'
import { bytesSource } from '../checkpoint/sources/bytes.ts'
import { ConfigReader } from '../config/index.ts'
import { isMatrix, storedDType } from '../weights/stored-dtype.ts'
import { drawMatrix, drawVector, tensorKey } from './draw.ts'
import { type Preset, presetConfig, presets } from './presets.ts'
import { backboneTensors, mamba2Tensors, mamba3Tensors, mambaTensors, type RandomTensor } from './tensors.ts'

/** Names that {@link randomModel} takes. */
export const randomModelNames: readonly string[] = Object.keys(presets)

/** How {@link randomModel} draws. */
export interface RandomModelOptions {
  /** Of the matrices: `f32`, `f16` (default), `bf16`, `q8_0` or `q4_0`. Everything else is f32. */
  readonly dtype?: DType | undefined
  /** A whole number; the same seed gives the same weights. Default 0. */
  readonly seed?: number | undefined
}

/**
 * A model with the sizes of a published one and random weights, to measure speed and memory without a download:
 * `loadModel(randomModel('mamba-130m'))`. A tensor is made when it is read and kept nowhere. It writes nonsense, and
 * has no tokenizer.
 * @param name one of {@link randomModelNames}, such as `mamba2-1.3b`
 * @throws ConfigError if there is no such model, dtype or seed
 */
export function randomModel(name: string, options: RandomModelOptions = {}): Source {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (!preset) {
    throw new ConfigError(
      `randomModel: the model is "${name}"; expected one of ${randomModelNames.join(', ')}`,
    )
  }
  return randomSource(`random:${name}`, preset, options)
}

/** As {@link randomModel}, of any sizes. @throws ConfigError if there is no such dtype or seed */
export function randomSource(
  name: string,
  preset: Preset,
  { dtype = 'f16', seed = 0 }: RandomModelOptions = {},
): Source {
  if (!weightDTypes.includes(dtype)) {
    throw new ConfigError(`randomModel: dtype is ${dtype}; expected one of ${weightDTypes.join(', ')}`)
  }
  if (!Number.isSafeInteger(seed))
    throw new ConfigError(`randomModel: seed is ${seed}; expected a whole number`)
  const config = presetConfig(preset)
  return {
    ...bytesSource({ 'config.json': new TextEncoder().encode(JSON.stringify(config)) }),
    name,
    weights: randomWeights(name, tensorsOf(preset, config), dtype, seed),
  }
}

function tensorsOf({ layer }: Preset, raw: ReturnType<typeof presetConfig>): Record<string, RandomTensor> {
  const config = new ConfigReader(raw, 'config.json')
  switch (layer) {
    case 'Mamba1':
      return backboneTensors(mambaConfig(config, 'official'), mambaTensors)
    case 'Mamba2':
      return backboneTensors(mamba2Config(config, 'official', {}), mamba2Tensors)
    case 'Mamba3':
      return backboneTensors(mamba3Config(config, 'official'), mamba3Tensors)
  }
}

function randomWeights(
  file: string,
  tensors: Readonly<Record<string, RandomTensor>>,
  dtype: DType,
  seed: number,
): Checkpoint {
  const names = Object.keys(tensors)
  const infos = names.map((name): TensorInfo & { readonly dtype: DType } => {
    const { shape } = tensors[name]!
    const stored = storedDType(name, shape, dtype)
    return {
      name,
      shape,
      dtype: stored,
      storedType: stored.toUpperCase(),
      byteLength: byteLength(stored, shape),
      file,
    }
  })
  const numbers = new Map(names.map((name, n) => [name, n]))
  return tableCheckpoint(
    { name: file, close: async () => {} },
    {
      format: 'memory',
      metadata: {},
      tensors: new Map(infos.map((info) => [info.name, info])),
      async read(name, signal) {
        signal?.throwIfAborted()
        const n = numbers.get(name)!
        const { shape, distribution } = tensors[name]!
        const key = tensorKey(seed, n)
        const data = isMatrix(name)
          ? drawMatrix(infos[n]!.dtype, shape, distribution, key)
          : drawVector(shape, distribution, key)
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      },
    },
  )
}
