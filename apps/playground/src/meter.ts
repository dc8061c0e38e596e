import type { Pace } from './protocol.ts'

/** Measures how fast tokens come; the reading of the prompt, until the first one, does not count. */
export class Meter {
  #tokens = 0
  #first = 0
  #last = 0

  /** A token has come. */
  count(): void {
    this.#last = performance.now()
    if (this.#tokens === 0) this.#first = this.#last
    this.#tokens++
  }

  pace(): Pace {
    const seconds = (this.#last - this.#first) / 1000
    return {
      tokens: this.#tokens,
      tokensPerSecond: seconds > 0 ? (this.#tokens - 1) / seconds : undefined,
    }
  }
}
