import { Tensor } from '../tensor.ts'

/** The bookkeeping behind `ops.scope` and `ops.release`: which tensors ops made, and in which scope. */
export class TensorScopes {
  readonly #stack: Set<Tensor>[] = []

  /** Makes the innermost scope, if there is one, the owner of a tensor that an op made. */
  track(tensor: Tensor): Tensor {
    this.#stack.at(-1)?.add(tensor)
    return tensor
  }

  /** See `Ops.scope`. */
  run<T>(fn: () => T): T {
    const made = new Set<Tensor>()
    this.#stack.push(made)
    let result: T
    try {
      result = fn()
    } catch (error) {
      this.#leave(made, new Set())
      throw error
    }
    const kept = new Set<Tensor>()
    collectOwners(result, kept)
    this.#leave(made, kept)
    return result
  }

  /** See `Ops.release`. */
  release(tensor: Tensor): void {
    for (const made of this.#stack) made.delete(tensor)
    tensor.destroy()
  }

  #leave(made: Set<Tensor>, kept: Set<Tensor>): void {
    this.#stack.pop()
    for (const tensor of made) {
      if (kept.has(tensor)) this.track(tensor)
      else tensor.destroy()
    }
  }
}

/** Adds the tensors that `value` holds, or whose storage it views, to `owners`. */
export function collectOwners(value: unknown, owners: Set<Tensor>): void {
  if (Tensor.is(value)) {
    owners.add(value.base ?? value)
  } else if (Array.isArray(value)) {
    for (const item of value) collectOwners(item, owners)
  } else if (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    for (const item of Object.values(value)) collectOwners(item, owners)
  }
}
