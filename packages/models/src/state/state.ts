import { type Backend, byteLength, CheckpointError, ShapeError } from '@mamba/core'
import type { LayerState, LayerStateShapes } from '../architectures/architecture.ts'
import { decodeSafetensors, encodeSafetensors, type NamedArray } from './safetensors-bytes.ts'

/** The model that a state belongs to, as far as a state needs to know it. */
export interface StateOwner {
  /** Hash of the weights' identity. */
  readonly id: string
  readonly backend: Backend
  /** Recurrent tensors per layer, without the batch axis. */
  readonly stateShapes: readonly LayerStateShapes[]
}

const format = 'mamba-state-1'

/**
 * A model's whole memory of the past, for a batch of sequences: of fixed size, however long they are.
 *
 * It is updated in place by the model that it belongs to. It can be cloned to try two continuations, saved to bytes
 * and loaded again, here or elsewhere.
 */
export class State {
  /** Hash that identifies the model that it belongs to: weights and configuration. */
  readonly modelId: string
  /** Sequences. */
  readonly batch: number
  /** The recurrent tensors of each layer, f32, batch first. */
  readonly layers: readonly LayerState[]
  /** Tokens of each sequence read so far. */
  position: number
  readonly #owner: StateOwner

  private constructor(owner: StateOwner, batch: number, position: number, layers: readonly LayerState[]) {
    this.#owner = owner
    this.modelId = owner.id
    this.batch = batch
    this.position = position
    this.layers = layers
  }

  /** The state before the first token: zeros. @throws ShapeError if `batch` is not a positive integer */
  static create(owner: StateOwner, batch = 1): State {
    if (!(Number.isSafeInteger(batch) && batch > 0)) {
      throw new ShapeError(`State: batch is ${batch}; expected a positive integer`)
    }
    const shapes = byName(owner.stateShapes).map(([, shape]) => [batch, ...shape])
    const tensors = owner.backend.zerosTogether(shapes)[Symbol.iterator]()
    const layers = owner.stateShapes.map((shapes) => mapValues(shapes, () => tensors.next().value!))
    return new State(owner, batch, 0, layers)
  }

  /** Bytes that the recurrent tensors take. */
  get byteLength(): number {
    return byName(this.layers).reduce((sum, [, { shape, dtype }]) => sum + byteLength(dtype, shape), 0)
  }

  /** An independent copy, on the same device. */
  clone(): State {
    const copy = State.create(this.#owner, this.batch)
    copy.assign(this)
    return copy
  }

  /** Takes over what another state of the same model and batch holds. @throws ShapeError */
  assign(other: State): void {
    other.expectFits(this.#owner, this.batch)
    const { backend } = this.#owner
    const from = new Map(byName(other.layers))
    for (const [name, tensor] of byName(this.layers)) backend.copy(from.get(name)!, tensor)
    this.position = other.position
  }

  /** @throws ShapeError unless it belongs to the model with these weights and holds `batch` sequences */
  expectFits(owner: StateOwner, batch: number): void {
    expectSameModel(this.modelId, owner)
    if (batch !== this.batch) {
      throw new ShapeError(`State: it holds ${this.batch} sequences; expected ${batch}`)
    }
  }

  /** All of it as bytes: a safetensors file whose metadata names the model. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const metadata = { format, model: this.modelId, batch: `${this.batch}`, position: `${this.position}` }
    // All reads begin at once, so that they are of one moment even if the model goes on meanwhile.
    const reads = byName(this.layers).map(
      async ([name, tensor]): Promise<NamedArray> => ({
        name,
        shape: tensor.shape,
        data: (await tensor.read()) as Float32Array,
      }),
    )
    return encodeSafetensors(await Promise.all(reads), metadata)
  }

  /**
   * A state from the bytes that {@link save} gave.
   * @throws CheckpointError if they are damaged or no state
   * @throws ShapeError if they belong to another model
   */
  static async load(owner: StateOwner, bytes: Uint8Array): Promise<State> {
    const { metadata, arrays } = await decodeSafetensors(bytes, 'state')
    const batch = Number(metadata.batch)
    const position = Number(metadata.position)
    const valid = Number.isSafeInteger(batch) && batch > 0 && Number.isSafeInteger(position) && position >= 0
    if (metadata.format !== format || !valid) {
      throw new CheckpointError(`state: the metadata does not describe a saved state (format ${format})`)
    }
    expectSameModel(metadata.model, owner)
    // Before anything is allocated: a damaged file may claim a batch of any size.
    expectArrays(arrays, owner, batch)
    const state = State.create(owner, batch)
    state.position = position
    for (const [name, tensor] of byName(state.layers)) owner.backend.write(tensor, arrays.get(name)!.data)
    return state
  }

  /** Frees its memory. */
  destroy(): void {
    for (const [, tensor] of byName(this.layers)) tensor.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }
}

/** The entries of all layers, named as in a saved state. */
function byName<T>(layers: readonly Readonly<Record<string, T>>[]): [name: string, value: T][] {
  return layers.flatMap((layer, i) =>
    Object.entries(layer).map(([name, value]): [string, T] => [`layers.${i}.${name}`, value]),
  )
}

/** @throws CheckpointError unless a saved state has exactly the tensors of this model, for `batch` sequences */
function expectArrays(arrays: ReadonlyMap<string, NamedArray>, owner: StateOwner, batch: number): void {
  const expected = byName(owner.stateShapes)
  for (const [name, shape] of expected) {
    const got = arrays.get(name)?.shape.join(', ')
    const wanted = [batch, ...shape].join(', ')
    if (got === wanted) continue
    throw new CheckpointError(
      `state: tensor ${name} is ${got === undefined ? 'missing' : `[${got}]`}; expected [${wanted}]`,
    )
  }
  if (arrays.size > expected.length)
    throw new CheckpointError('state: it holds tensors that the model does not have')
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  fn: (value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fn(value)]))
}

function expectSameModel(modelId: string | undefined, owner: StateOwner): void {
  if (modelId === owner.id) return
  throw new ShapeError(
    `State: it belongs to the model ${modelId}, this is the model ${owner.id}; ` +
      'a state can only go on in the model that made it',
  )
}
