import {
  type Backend,
  type DType,
  dtypeLayout,
  elementCount,
  fromFloat32,
  type Ops,
  type Tensor,
  type TypedArray,
} from '@mamba/core'
import { joinAxis, type Random, seededRandom } from '@mamba/testing'
import { expect } from 'vitest'
import type { WeightDType } from './suite.ts'

/** An array and the size of its last axis. */
export interface Columns {
  readonly data: Float32Array
  readonly width: number
}

/** The tensors of one test case: puts arrays on the backend, reads results back, and frees everything at the end. */
export class Workbench {
  readonly backend: Backend
  readonly ops: Ops
  readonly #random: Random | undefined
  readonly #owned: Tensor[] = []
  readonly #inputs: { readonly tensor: Tensor; readonly data: TypedArray }[] = []

  /** @param layout seed of the choice which activations and matrices are views of columns; absent: none */
  constructor(backend: Backend, layout?: number) {
    this.backend = backend
    this.ops = backend.ops
    this.#random = layout === undefined ? undefined : seededRandom(layout)
  }

  /** A dense tensor that ops must not change: a norm's weight, a bias, ids. */
  dense(data: TypedArray, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const tensor = this.inPlace(data, shape, dtype)
    this.#inputs.push({ tensor, data })
    return tensor
  }

  /** A dense tensor that an op changes in place: a recurrent state, counts. */
  inPlace(data: TypedArray, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    // A copy, as the backend may keep the array, and then writes to it.
    const tensor = this.backend.tensor(data.slice(), shape, dtype)
    this.#owned.push(tensor)
    return tensor
  }

  /** A matrix of weights, its values rounded to `dtype`: dense or a view of columns. */
  matrix(values: Float32Array, [rows, width]: readonly [number, number], dtype: WeightDType): Tensor {
    return this.#place({ only: { data: values, width } }, [rows], dtype).only
  }

  /** An activation: dense or a view of columns. */
  activation(data: Float32Array, shape: readonly number[]): Tensor {
    return this.#place({ only: { data, width: shape.at(-1)! } }, shape.slice(0, -1), 'f32').only
  }

  /**
   * Activations that an op takes together: dense, or columns of one wider tensor in any order, as models split up the
   * result of a projection.
   * @param leading all axes but the last, the same for all
   */
  activations<Name extends string>(
    arrays: Readonly<Record<Name, Columns>>,
    leading: readonly number[],
  ): Record<Name, Tensor> {
    return this.#place(arrays, leading, 'f32')
  }

  /** Runs an op, asserts what kind of tensor it made, reads that and frees it. */
  async read(shape: readonly number[], op: () => Tensor): Promise<Float32Array> {
    const tensor = op()
    expect({ shape: tensor.shape, dtype: tensor.dtype, backend: tensor.backend.name }, 'the result').toEqual({
      shape,
      dtype: 'f32',
      backend: this.backend.name,
    })
    const data = await tensor.read()
    this.ops.release(tensor)
    return data as Float32Array
  }

  /** Asserts that the tensors which ops must not change hold what they held. */
  async expectInputsUnchanged(): Promise<void> {
    for (const { tensor, data } of this.#inputs) {
      const now = await tensor.read()
      const changed = data.findIndex((value, i) => !Object.is(value, now[i]))
      expect(changed, `first element that an op changed in its input [${tensor.shape.join(', ')}]`).toBe(-1)
    }
  }

  destroy(): void {
    for (const tensor of this.#owned) tensor.destroy()
  }

  #place<Name extends string>(
    arrays: Readonly<Record<Name, Columns>>,
    leading: readonly number[],
    dtype: WeightDType,
  ): Record<Name, Tensor> {
    const placed = {} as Record<Name, Tensor>
    const packed: [Name, Columns][] = []
    for (const [name, columns] of Object.entries(arrays) as [Name, Columns][]) {
      if (this.#random === undefined || this.#random.uniform() < 0.2) {
        placed[name] = this.dense(fromFloat32(dtype, columns.data), [...leading, columns.width], dtype)
      } else {
        packed.splice(this.#random.integer(0, packed.length), 0, [name, columns])
      }
    }
    if (this.#random !== undefined && packed.length > 0) {
      this.#pack(packed, leading, dtype, this.#random, placed)
    }
    return placed
  }

  /** Puts arrays side by side into one tensor; whoever reads the columns between them, NaN, is found out. */
  #pack<Name extends string>(
    arrays: readonly [Name, Columns][],
    leading: readonly number[],
    dtype: WeightDType,
    random: Random,
    placed: Record<Name, Tensor>,
  ): void {
    const rows = elementCount(leading)
    const block = dtypeLayout(dtype).elements
    // Blocks do not store NaN.
    const unused = block === 1 ? Number.NaN : 1e4
    const parts: Float32Array[] = []
    let width = 0
    const append = (columns: number, data: Float32Array = new Float32Array(rows * columns).fill(unused)) => {
      parts.push(data)
      width += columns
    }
    const gap = () => (block === 1 ? random.integer(0, 5) : block * random.integer(0, 1))
    const starts = arrays.map(([name, columns]) => {
      append(gap())
      append(columns.width, columns.data)
      return { name, start: width - columns.width, end: width }
    })
    append(gap())
    const base = this.dense(fromFloat32(dtype, joinAxis(parts, [rows, width], 1)), [...leading, width], dtype)
    for (const { name, start, end } of starts) placed[name] = base.columns(start, end)
  }
}
