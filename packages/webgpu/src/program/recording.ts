import { type DType, elementCount, type Tensor } from '@mamba/core'
import { Allocation } from '../memory/allocation.ts'
import { deviceByteLength } from '../memory/layout.ts'
import { GpuStorage, type Part } from '../memory/storage.ts'
import type { Node } from '../ops/node.ts'

/** What a step does, while it is being recorded: its nodes, in order, and the tensors that they make. */
export class Recording {
  readonly nodes: Node[] = []
  readonly #parts = new Map<GpuStorage, readonly Part[]>()

  /** Storage of a tensor that an op makes: without a place, until all its uses are known. It is the program's to free. */
  allocate(owner: GpuStorage['owner'], shape: readonly number[], dtype: DType): GpuStorage {
    const rows = elementCount(shape.slice(0, -1))
    const allocation = new Allocation(deviceByteLength(dtype, rows, shape.at(-1) ?? 1))
    const parts = [{ allocation, firstRow: 0, rows }]
    const storage = new GpuStorage(owner, parts)
    this.#parts.set(storage, parts)
    return storage
  }

  add(node: Node): void {
    this.nodes.push(node)
  }

  /** Where a tensor that an op made is, also after its scope ended; undefined for a tensor that was there before. */
  partsOf(tensor: Tensor): readonly Part[] | undefined {
    return this.#parts.get(tensor.storage as GpuStorage)
  }

  /** Makes ready for another plan. */
  forgetPlaces(): void {
    for (const parts of this.#parts.values())
      for (const { allocation } of parts) allocation.setPlace(undefined)
  }
}
