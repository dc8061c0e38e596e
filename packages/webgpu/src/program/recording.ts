import { type DType, elementCount } from '@mamba/core'
import { Allocation } from '../memory/allocation.ts'
import { deviceByteLength } from '../memory/layout.ts'
import type { Node } from '../ops/node.ts'

/** What a step does, while it is being recorded: its nodes, in order, and the tensors that they make. */
export class Recording {
  readonly nodes: Node[] = []

  allocate(shape: readonly number[], dtype: DType): Allocation {
    return new Allocation(deviceByteLength(dtype, elementCount(shape.slice(0, -1)), shape.at(-1) ?? 1))
  }

  add(node: Node): void {
    this.nodes.push(node)
  }
}
