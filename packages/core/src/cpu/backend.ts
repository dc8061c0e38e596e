import type { Backend, Program } from '../backend.ts'
import { byteLength, type DType, dtypeLayout, type TypedArray, typedArrayOf } from '../dtype.ts'
import { DeviceError, DTypeError, ShapeError } from '../errors.ts'
import { checkCopy, checkElements } from '../ops/checks.ts'
import type { Ops } from '../ops/ops.ts'
import { RepeatedCall } from '../ops/repeated-call.ts'
import { Tensor } from '../tensor.ts'
import { CpuOps } from './ops.ts'
import type { SsdProducts } from './sequence.ts'
import { CpuStorage, dataOf, dense } from './storage.ts'

/**
 * The reference backend: plain loops in JavaScript on one thread, sums in float64. Slow, and the specification that
 * every other backend is tested against.
 */
export function cpu({ ssdProducts = 'exact' }: CpuOptions = {}): Backend {
  return new CpuBackend(ssdProducts)
}

/** How the reference backend computes. */
export interface CpuOptions {
  /**
   * `exact` (default), or `tf32`: Mamba-2's matrix products with operands cut to 10 bits, as the official kernels do
   * on tensor cores, to find out what a reference owes to them. See `ssdTf32` of `@mamba/core/ssm`.
   */
  readonly ssdProducts?: SsdProducts | undefined
}

class CpuBackend implements Backend {
  readonly name = 'cpu'
  readonly info = {
    device: 'JavaScript, 1 thread',
    notes: ['the reference: plain loops with float64 sums, made to be right rather than fast'],
  }
  readonly ops: Ops
  readonly capacity = Number.POSITIVE_INFINITY
  readonly runsAhead = false

  constructor(ssdProducts: SsdProducts) {
    this.ops = new CpuOps(this, ssdProducts)
  }

  tensor(data: TypedArray, shape: readonly number[], dtype: DType): Tensor {
    checkElements('tensor', data, shape, dtype)
    return new Tensor({ backend: this, shape, dtype, storage: new CpuStorage(data) })
  }

  zeros(shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const data = typedArrayOf(dtype, allocate(byteLength(dtype, shape)))
    return new Tensor({ backend: this, shape, dtype, storage: new CpuStorage(data) })
  }

  zerosTogether(shapes: readonly (readonly number[])[]): Tensor[] {
    return shapes.map((shape) => this.zeros(shape))
  }

  // Copies before the caller can go on, so that later ops do not change what was asked for.
  async read(tensor: Tensor): Promise<TypedArray> {
    if (tensor.isDense) return dataOf(tensor).slice()
    if (dtypeLayout(tensor.dtype).elements > 1) {
      throw new DTypeError(`read: a view of columns of ${tensor.dtype} cannot be read; read the whole tensor`)
    }
    return dense(tensor)
  }

  write(tensor: Tensor, data: TypedArray): void {
    if (!tensor.isDense)
      throw new ShapeError('write: the tensor is a view of columns; expected a dense tensor')
    checkElements('write', data, tensor.shape, tensor.dtype)
    dataOf(tensor).set(data)
  }

  copy(from: Tensor, to: Tensor): void {
    checkCopy(from, to)
    dataOf(to).set(dataOf(from))
  }

  capture<T>(fn: () => T): Program<T> {
    return new RepeatedCall(this.ops, fn)
  }

  // Ops are done when they return.
  async finish(): Promise<void> {}

  // Memory is the garbage collector's.
  destroy(): void {}
}

/** @throws DeviceError if the machine cannot hold so many bytes in one array */
function allocate(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes)
  } catch (cause) {
    throw new DeviceError(`cpu: a tensor of ${bytes} bytes is more than this machine can hold`, { cause })
  }
}
