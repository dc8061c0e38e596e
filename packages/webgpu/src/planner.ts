import type { Tensor } from '@mamba/core'
import type { Capabilities } from './device/capabilities.ts'
import type { Allocation, Binding } from './memory/allocation.ts'
import type { Part } from './memory/storage.ts'
import type { Dispatch } from './queue/kernel.ts'

/**
 * What the host side of an op sees: it looks at shapes and capabilities, and says which kernels are to run on what.
 * They run at once, or become part of a program.
 */
export interface Planner {
  readonly capabilities: Capabilities
  /** Where a tensor's elements are. */
  parts(tensor: Tensor): readonly Part[]
  /** All of a tensor that is not split: anything but a matrix of weights. */
  binding(tensor: Tensor): Binding
  /** Memory for intermediate results, until the op is done. */
  scratch(byteLength: number): Allocation
  dispatch(dispatch: Dispatch): void
}
