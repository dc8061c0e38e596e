import type { Storage, Tensor } from '@mamba/core'
import { type Node, tensorsOf, writtenBy } from '../ops/node.ts'
import type { Recording } from './recording.ts'

/** The nodes of a program, and who makes and who uses what. */
export class Graph {
  readonly nodes: readonly Node[]
  readonly #recording: Recording
  readonly #results: ReadonlySet<Storage>
  readonly #makers = new Map<Storage, Node>()
  readonly #users = new Map<Storage, Node[]>()

  /** @param results tensors that the program returns */
  constructor(recording: Recording, nodes: readonly Node[], results: ReadonlySet<Tensor>) {
    this.nodes = nodes
    this.#recording = recording
    this.#results = new Set([...results].map(({ storage }) => storage))
    for (const node of nodes) {
      const written = new Set(writtenBy(node).map(({ storage }) => storage))
      for (const storage of written) this.#makers.set(storage, node)
      for (const storage of new Set(tensorsOf(node).map(({ storage }) => storage))) {
        if (written.has(storage)) continue
        const users = this.#users.get(storage)
        if (users) users.push(node)
        else this.#users.set(storage, [node])
      }
    }
  }

  /** Whether nobody outside of the program sees the tensor: an op of it made it, and it is no result. */
  isInner(tensor: Tensor): boolean {
    return this.#recording.partsOf(tensor) !== undefined && !this.#results.has(tensor.storage)
  }

  /** The node that fills a tensor which the program makes. */
  makerOf(tensor: Tensor): Node | undefined {
    return this.#recording.partsOf(tensor) && this.#makers.get(tensor.storage)
  }

  /** Nodes that read a tensor, or views of it. */
  usersOf(tensor: Tensor): readonly Node[] {
    return this.#users.get(tensor.storage) ?? []
  }
}
