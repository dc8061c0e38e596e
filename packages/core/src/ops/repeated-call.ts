import type { Program } from '../backend.ts'
import type { Tensor } from '../tensor.ts'
import type { Ops } from './ops.ts'
import { collectOwners } from './scopes.ts'

/** A {@link Program} for backends that gain nothing from recording: each replay calls the function. */
export class RepeatedCall<T> implements Program<T> {
  readonly #ops: Ops
  readonly #fn: () => T
  #results = new Set<Tensor>()

  constructor(ops: Ops, fn: () => T) {
    this.#ops = ops
    this.#fn = fn
  }

  replay(): T {
    this.destroy()
    const result = this.#ops.scope(this.#fn)
    collectOwners(result, this.#results)
    return result
  }

  destroy(): void {
    for (const tensor of this.#results) this.#ops.release(tensor)
    this.#results.clear()
  }
}
