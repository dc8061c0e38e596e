import {
  type Backend,
  byteLength,
  CheckpointError,
  type DType,
  elementCount,
  type Tensor,
  type TypedArray,
  toFloat32,
  typedArrayOf,
  weightDTypes,
} from '@mamba/core'
import type { Checkpoint, TensorInfo } from '../checkpoint/index.ts'
import { fingerprint } from './fingerprint.ts'

/** Bytes that may be on their way to the device: those of one tensor more, if it is larger. */
const MAX_BYTES_UNDER_WAY = 64 * 2 ** 20

/** How far the loading of a model's weights is. */
export interface LoadProgress {
  /** The tensor that was read last, as the checkpoint names it. */
  readonly tensor: string
  readonly loadedBytes: number
  readonly totalBytes: number
}

/** Turns stored elements into those that the model computes with. */
type Convert = (data: TypedArray, info: DeclaredInfo) => TypedArray

type DeclaredInfo = TensorInfo & { readonly dtype: DType }

interface Job {
  readonly info: DeclaredInfo
  readonly tensor: Tensor
  readonly convert: Convert
}

/**
 * Declares the tensors that a model needs, checks them against a checkpoint, and then reads them.
 *
 * Declaring reads nothing: a missing or misshapen tensor is found before the first byte of weights is loaded.
 * {@link WeightLoader.load} fills all declared tensors in the order in which they lie in the files.
 */
export class WeightReader {
  readonly #loader: WeightLoader
  readonly #prefix: string

  constructor(loader: WeightLoader, prefix = '') {
    this.#loader = loader
    this.#prefix = prefix
  }

  /** The same reader for names that begin with `<prefix>.`. */
  at(prefix: string): WeightReader {
    return new WeightReader(this.#loader, `${this.#prefix}${prefix}.`)
  }

  /** Whether the checkpoint has a tensor of this name. */
  has(name: string): boolean {
    return this.#loader.has(this.#prefix + name)
  }

  /** A matrix of a product, (out, in): keeps the dtype that it is stored in. @throws CheckpointError */
  matrix(name: string, shape: readonly [number, number]): Tensor {
    return this.#loader.declare(this.#prefix + name, shape, undefined, (data) => data)
  }

  /** Anything that is not a matrix of a product, such as a norm or a bias: expanded to f32. @throws CheckpointError */
  vector(name: string, shape: readonly number[]): Tensor {
    return this.#loader.declare(this.#prefix + name, shape, 'f32', expanded)
  }

  /** The state matrix A = −exp(A_log), f32; GGUF stores A itself. @throws CheckpointError */
  stateMatrix(shape: readonly number[]): Tensor {
    if (this.has('A')) return this.vector('A', shape)
    return this.#loader.declare(`${this.#prefix}A_log`, shape, 'f32', (data, info) =>
      expanded(data, info).map((logarithm) => -Math.exp(logarithm)),
    )
  }

  /** Marks a tensor as known and not needed, such as an output head that repeats the tied embedding. */
  ignore(name: string): void {
    this.#loader.ignore(this.#prefix + name)
  }
}

function expanded(data: TypedArray, info: DeclaredInfo): Float32Array {
  return toFloat32(info.dtype, data, elementCount(info.shape))
}

/** Holds what {@link WeightReader}s declare, and reads it. */
export class WeightLoader {
  readonly #checkpoint: Checkpoint
  readonly #backend: Backend
  readonly #names: ReadonlySet<string>
  readonly #jobs = new Map<string, Job>()
  readonly #ignored = new Set<string>()

  constructor(checkpoint: Checkpoint, backend: Backend) {
    this.#checkpoint = checkpoint
    this.#backend = backend
    this.#names = new Set(checkpoint.names)
  }

  /** Every declared tensor by its name in the checkpoint. */
  get tensors(): ReadonlyMap<string, Tensor> {
    return new Map(Array.from(this.#jobs, ([name, { tensor }]) => [name, tensor]))
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  ignore(name: string): void {
    this.#ignored.add(name)
  }

  declare(name: string, shape: readonly number[], dtype: DType | undefined, convert: Convert): Tensor {
    const info = this.#checked(name, shape)
    const tensor = this.#backend.zeros(shape, dtype ?? info.dtype)
    this.#jobs.set(name, { info, tensor, convert })
    return tensor
  }

  /** @throws CheckpointError if the checkpoint holds tensors that were neither declared nor ignored */
  checkAllUsed(): void {
    const extra = this.#checkpoint.names.filter((name) => !this.#jobs.has(name) && !this.#ignored.has(name))
    if (extra.length === 0) return
    const shown = extra.slice(0, 5).join(', ')
    throw new CheckpointError(
      `${this.#checkpoint.name}: ${extra.length} tensors that this architecture does not have: ${shown}` +
        `${extra.length > 5 ? ', …' : ''}; is the configuration that of another model?`,
    )
  }

  /**
   * Reads all declared tensors.
   * @returns a hash that identifies the weights, see {@link fingerprint}
   * @throws CheckpointError if a read fails; the signal's reason if it was aborted
   * @throws DeviceError if the device has not enough memory
   */
  async load(onProgress?: (progress: LoadProgress) => void, signal?: AbortSignal): Promise<string> {
    const jobs = this.#checkpoint.names.flatMap((name) => this.#jobs.get(name) ?? [])
    const totalBytes = jobs.reduce((sum, { info }) => sum + info.byteLength, 0)
    const hashes: string[] = []
    let loadedBytes = 0
    let underWay = 0
    // Whether there is memory for all of them is known before any is read.
    await this.#backend.finish()
    for (const { info, tensor, convert } of jobs) {
      signal?.throwIfAborted()
      const stored = typedArrayOf(info.dtype, await this.#checkpoint.read(info.name, signal))
      hashes.push(fingerprint([`${info.name} ${info.dtype} ${info.shape}`], stored))
      this.#backend.write(tensor, convert(stored, info))
      loadedBytes += info.byteLength
      underWay += info.byteLength
      if (underWay > MAX_BYTES_UNDER_WAY) {
        await this.#backend.finish()
        underWay = 0
      }
      onProgress?.({ tensor: info.name, loadedBytes, totalBytes })
    }
    await this.#backend.finish()
    return fingerprint(hashes.sort())
  }

  /** Frees every declared tensor. */
  destroy(): void {
    for (const { tensor } of this.#jobs.values()) tensor.destroy()
  }

  #checked(name: string, shape: readonly number[]): DeclaredInfo {
    const { name: file } = this.#checkpoint
    if (!this.has(name)) {
      throw new CheckpointError(
        `${file}: tensor ${name} is missing; the configuration asks for [${shape.join(', ')}]`,
      )
    }
    const info = this.#checkpoint.info(name)
    if (!sameShape(info.shape, shape)) {
      throw new CheckpointError(
        `${info.file}: tensor ${name} is [${info.shape.join(', ')}]; the configuration asks for [${shape.join(', ')}]`,
      )
    }
    if (!isWeightDType(info.dtype)) {
      throw new CheckpointError(
        `${info.file}: tensor ${name} is ${info.storedType}; expected ${weightDTypes.join(', ')}`,
      )
    }
    if (info.byteLength !== byteLength(info.dtype, info.shape)) {
      throw new CheckpointError(
        `${info.file}: tensor ${name} has ${info.byteLength} bytes, too few or many for its shape`,
      )
    }
    return info as DeclaredInfo
  }
}

function isWeightDType(dtype: DType | undefined): dtype is DType {
  return dtype !== undefined && weightDTypes.includes(dtype)
}

/**
 * Whether both have the same axes. Axes of size 1 do not count: a depthwise convolution is (channels, 1, K) in one
 * format and (channels, K) in another.
 */
function sameShape(stored: readonly number[], wanted: readonly number[]): boolean {
  const axes = (shape: readonly number[]) => shape.filter((size) => size !== 1).join()
  return axes(stored) === axes(wanted)
}
