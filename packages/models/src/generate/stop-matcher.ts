import { ConfigError } from '@mamba/core'

/** What {@link StopMatcher.push} returns. */
interface MatchedText {
  /** Text that can be shown: no stop string begins in it. */
  readonly text: string
  /** Whether a stop string is complete: the text ends before it. */
  readonly stopped: boolean
}

/** A stop string, and how much of it the text so far ends with. */
interface Candidate {
  readonly stop: string
  /** failure[n]: length of the longest true prefix of `stop` that its first n characters end with. */
  readonly failure: Int32Array
  matched: number
}

/**
 * Looks for stop strings in text that comes in pieces, and holds back what may be the beginning of one.
 *
 * The string that is complete first ends the text; of several that are complete at the same character, the longest
 * does. Each character is looked at once for each stop string, by the automaton of Knuth, Morris and Pratt (1977).
 */
export class StopMatcher {
  private readonly candidates: readonly Candidate[]
  private held = ''
  private stopped = false

  /** @throws ConfigError if a stop string is empty, as it would end every text */
  constructor(stopStrings: readonly string[]) {
    this.candidates = stopStrings.map((stop) => {
      if (stop === '') {
        throw new ConfigError('StopMatcher: a stop string is empty; expected at least one character')
      }
      return { stop, failure: failureTable(stop), matched: 0 }
    })
  }

  /** Takes the next piece of text. After the end it returns no more text. */
  push(piece: string): MatchedText {
    if (this.stopped) {
      return { text: '', stopped: true }
    }
    const text = this.held + piece
    for (let i = this.held.length; i < text.length; i++) {
      const complete = this.step(text.charCodeAt(i))
      if (complete > 0) {
        this.stopped = true
        this.held = ''
        return { text: text.slice(0, i + 1 - complete), stopped: true }
      }
    }
    const safe = text.length - Math.max(0, ...this.candidates.map(({ matched }) => matched))
    this.held = text.slice(safe)
    return { text: text.slice(0, safe), stopped: false }
  }

  /** Takes no more text. @returns what was held back, as no stop string came of it */
  end(): string {
    const { held } = this
    this.held = ''
    return held
  }

  /** Takes a UTF-16 unit. @returns the length of the longest stop string that it completes; 0 for none */
  private step(unit: number): number {
    let complete = 0
    for (const candidate of this.candidates) {
      candidate.matched = advance(candidate.stop, candidate.failure, candidate.matched, unit)
      if (candidate.matched === candidate.stop.length) {
        complete = Math.max(complete, candidate.matched)
      }
    }
    return complete
  }
}

/** How much of `stop` the text ends with after one more unit. `matched` is less than the whole. */
function advance(stop: string, failure: Int32Array, matched: number, unit: number): number {
  let length = matched
  while (length > 0 && stop.charCodeAt(length) !== unit) {
    length = failure[length]!
  }
  return stop.charCodeAt(length) === unit ? length + 1 : 0
}

function failureTable(stop: string): Int32Array {
  const failure = new Int32Array(stop.length + 1)
  for (let length = 1; length < stop.length; length++) {
    failure[length + 1] = advance(stop, failure, failure[length]!, stop.charCodeAt(length))
  }
  return failure
}
