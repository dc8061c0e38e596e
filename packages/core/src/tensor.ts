import type { Backend } from './backend.ts'
import { type DType, dtypeLayout, elementCount, type TypedArray } from './dtype.ts'
import { DTypeError, ShapeError } from './errors.ts'

const brand = Symbol.for('@mamba/core/tensor')

/** Memory of a backend that holds one tensor's elements. Only that backend looks inside. */
export interface Storage {
  readonly destroyed: boolean
  destroy(): void
}

/** What {@link Tensor} is made of; backends call the constructor, users call `backend.tensor`. */
export interface TensorInit {
  readonly backend: Backend
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly storage: Storage
  /** First element of the first row, for a view of columns. Default 0. */
  readonly offset?: number
  /** Elements from the start of a row (last axis) to the start of the next. Default: the size of the last axis. */
  readonly rowStride?: number
  /** The tensor that owns the storage, for a view. */
  readonly base?: Tensor
}

/**
 * A row-major array on a backend. Its elements are read with {@link read}, the only asynchronous call;
 * everything else is done by `Ops`.
 *
 * Memory is freed by {@link destroy} (or `using`), or by the `ops.scope` in which an op made the tensor.
 */
export class Tensor {
  /** @internal */
  readonly [brand] = true
  readonly backend: Backend
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly storage: Storage
  readonly offset: number
  readonly rowStride: number
  readonly base: Tensor | undefined

  constructor({
    backend,
    shape,
    dtype,
    storage,
    offset = 0,
    rowStride = shape.at(-1) ?? 1,
    base,
  }: TensorInit) {
    this.backend = backend
    this.shape = shape
    this.dtype = dtype
    this.storage = storage
    this.offset = offset
    this.rowStride = rowStride
    this.base = base
  }

  /** Whether `value` is a tensor of any copy of this package. */
  static is(value: unknown): value is Tensor {
    return typeof value === 'object' && value !== null && brand in value
  }

  /** Number of elements. */
  get size(): number {
    return elementCount(this.shape)
  }

  /** Size of the last axis; 1 for rank 0. */
  get columnCount(): number {
    return this.shape.at(-1) ?? 1
  }

  /** Product of all axes but the last. */
  get rowCount(): number {
    return elementCount(this.shape.slice(0, -1))
  }

  /** Whether the rows follow each other without gaps. */
  get isDense(): boolean {
    return this.rowStride === this.columnCount
  }

  /**
   * A view of columns `start` (inclusive) to `end` (exclusive) of the last axis: no copy, the same storage.
   * It lives as long as the tensor that it views.
   * @throws ShapeError if the range is not inside the last axis
   * @throws DTypeError if it cuts through a block of a quantised dtype
   */
  columns(start: number, end: number): Tensor {
    const columns = this.columnCount
    if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= columns)) {
      throw new ShapeError(
        `columns: range ${start}..${end} is not inside the last axis of [${this.shape.join(', ')}]`,
      )
    }
    const { elements } = dtypeLayout(this.dtype)
    if (start % elements !== 0 || end % elements !== 0) {
      throw new DTypeError(
        `columns: range ${start}..${end} cuts a block; ${this.dtype} views begin and end at multiples of ${elements}`,
      )
    }
    return new Tensor({
      backend: this.backend,
      shape: [...this.shape.slice(0, -1), end - start],
      dtype: this.dtype,
      storage: this.storage,
      offset: this.offset + start,
      rowStride: this.rowStride,
      base: this.base ?? this,
    })
  }

  /** Copies the elements out, dense and row-major; float16, bfloat16 and quantised dtypes as they are stored. */
  read(): Promise<TypedArray> {
    return this.backend.read(this)
  }

  /** Frees the memory. Views of it must not be used any more. On a view, does nothing. */
  destroy(): void {
    if (this.base === undefined) this.storage.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }
}
