/** The most steps of one window. */
const MAX_STEPS = 32
/** Milliseconds that a window should take at most, so that text flows and little is computed in vain. */
const WINDOW_TIME = 16

/**
 * How many steps are enqueued together: more while the device keeps its consumer waiting, so that the way back is
 * paid once for many ids; fewer when the consumer takes its time, as steps that nobody asks for are wasted.
 */
export class WindowSize {
  /** False: each step waits until its id is asked for. */
  readonly runsAhead: boolean
  steps = 1
  #returned: number | undefined
  /** Milliseconds from one id to the next: how long the consumer takes, and how long it waits; smoothed. */
  #consuming = 0
  #waiting = 0

  constructor(runsAhead: boolean) {
    this.runsAhead = runsAhead
  }

  /** Takes note of an id. @param asked @param returned times in ms */
  observe(asked: number, returned: number): void {
    if (!this.runsAhead) return
    if (this.#returned !== undefined) {
      this.#consuming = smoothed(this.#consuming, asked - this.#returned)
      this.#waiting = smoothed(this.#waiting, returned - asked)
    }
    this.#returned = returned
    if (this.#consuming > this.#waiting) this.steps = Math.max(1, this.steps / 2)
    else if (2 * this.steps * (this.#consuming + this.#waiting) <= WINDOW_TIME) {
      this.steps = Math.min(MAX_STEPS, 2 * this.steps)
    }
  }
}

function smoothed(average: number, value: number): number {
  return average + (value - average) / 4
}
