import type { Backend, DType, Tensor, TypedArray } from '@mamba/core'
import { Context } from '../context.ts'
import { resolveOptions, type WasmOptions } from '../options.ts'
import { startRuntime } from '../runtime.ts'

/** A context without a backend around it, for tests and measurements of single kernels. */
export async function testContext(options: WasmOptions = {}): Promise<TestContext> {
  const { heap, pool } = await startRuntime(resolveOptions(options))
  const context = new Context({ name: 'wasm' } as Backend, heap, pool)
  return {
    context,
    tensor(data, shape, dtype = 'f32') {
      const tensor = context.allocate(shape, dtype)
      heap.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), context.address(tensor))
      return tensor
    },
    read: (tensor) => context.floats(context.address(tensor), tensor.size).slice(),
    destroy: () => pool.destroy(),
  }
}

export interface TestContext {
  readonly context: Context
  tensor(data: TypedArray, shape: readonly number[], dtype?: DType): Tensor
  /** The elements of a dense f32 tensor. */
  read(tensor: Tensor): Float32Array
  destroy(): void
}
