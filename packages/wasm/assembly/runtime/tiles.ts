import { CALLER_SLEEPS, DONE, JOB_ARGUMENTS, KERNEL, TICKET, TILES } from '../../src/control'
import { dispatch } from '../dispatch'

/** Looks at a word before going to sleep over it: some tens of microseconds. */
export const SPINS = 20_000

/**
 * Takes one tile of the current job, if there is one left, and computes it.
 *
 * The ticket holds generation and tiles left together, so that a thread which comes late, when the job is finished and
 * perhaps another is there, can never take a tile of one job with the arguments of the other. Who has taken a tile may
 * read the job's words: they do not change before that tile is finished.
 */
export function takeTile(thread: i32): bool {
  let ticket = atomic.load<i64>(TICKET)
  while (<i32>ticket > 0) {
    const seen = atomic.cmpxchg<i64>(TICKET, ticket, ticket - 1)
    if (seen == ticket) {
      dispatch(load<i32>(KERNEL), load<usize>(JOB_ARGUMENTS), load<i32>(TILES) - <i32>ticket, thread)
      atomic.add<i32>(DONE, 1)
      if (atomic.load<i32>(CALLER_SLEEPS) != 0) atomic.notify(DONE, 1)
      return true
    }
    ticket = seen
  }
  return false
}
