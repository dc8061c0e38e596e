import {
  CALLER_SLEEPS,
  DONE,
  FAILED,
  GENERATION,
  JOB_ARGUMENTS,
  KERNEL,
  MAY_SLEEP,
  SLEEPERS,
  THREADS,
  TICKET,
  TILES,
} from '../../src/control'
import { dispatch } from '../dispatch'
import { SPINS, takeTile } from './tiles'

/** How long the calling thread sleeps at a time while others finish their tiles, in nanoseconds. */
const NAP: i64 = 1_000_000_000
/** Naps without any progress after which a worker counts as dead. */
const MAX_NAPS = 60

/**
 * Runs a kernel on tiles 0 to `tiles` − 1, on all threads, and returns when the last one is finished. No worker is
 * needed for that: the calling thread takes every tile that nobody else takes.
 * @returns 1, or 0 if a worker failed and the results are incomplete
 */
export function run(kernel: i32, args: usize, tiles: i32): i32 {
  if (tiles < 2 || load<i32>(THREADS) == 1) {
    for (let tile = 0; tile < tiles; tile++) dispatch(kernel, args, tile, 0)
    return 1
  }
  store<i32>(KERNEL, kernel)
  store<usize>(JOB_ARGUMENTS, args)
  store<i32>(TILES, tiles)
  atomic.store<i32>(DONE, 0)
  const generation = load<i32>(GENERATION) + 1
  // The ticket first: who sees the new generation must see the tiles.
  atomic.store<i64>(TICKET, ((<i64>generation) << 32) | <i64>tiles)
  atomic.store<i32>(GENERATION, generation)
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(GENERATION, tiles - 1)
  while (takeTile(0)) {}
  return waitForAll(tiles)
}

/** Waits until all tiles are finished. @returns as {@link run} */
function waitForAll(tiles: i32): i32 {
  const maySleep = load<i32>(MAY_SLEEP) != 0
  let spins = SPINS
  let naps = 0
  while (true) {
    if (atomic.load<i32>(FAILED) != 0) return 0
    const done = atomic.load<i32>(DONE)
    if (done == tiles) return 1
    if (!maySleep || --spins > 0) continue
    atomic.store<i32>(CALLER_SLEEPS, 1)
    naps = atomic.wait<i32>(DONE, done, NAP) == AtomicWaitResult.TIMED_OUT ? naps + 1 : 0
    atomic.store<i32>(CALLER_SLEEPS, 0)
    if (naps == MAX_NAPS) return 0
  }
}
