import type { Backend } from '@mamba/core'
import type { Context } from '../context.ts'
import type { Capabilities } from '../device/capabilities.ts'
import type { GpuStorage } from '../memory/storage.ts'
import type { Planner } from '../planner.ts'

/**
 * The planner of a webgpu backend, to call the plan of an op by itself: with other capabilities than the device has, so
 * that it takes another path. What it plans is enqueued at once.
 */
export function plannerOf(backend: Backend, capabilities: Partial<Capabilities> = {}): Planner {
  const tensor = backend.zeros([1])
  const context = (tensor.storage as GpuStorage).owner as Context
  tensor.destroy()
  return {
    capabilities: { ...context.capabilities, ...capabilities },
    parts: (tensor) => context.parts(tensor),
    binding: (tensor) => context.binding(tensor),
    scratch: (byteLength) => context.scratch(byteLength),
    dispatch: (dispatch) => context.dispatch(dispatch),
  }
}
