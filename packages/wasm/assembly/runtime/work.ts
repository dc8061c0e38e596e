import { GENERATION, SLEEPERS, STOP } from '../../src/control'
import { SPINS, takeTile } from './tiles'

/** What a worker does until it is told to stop: take tiles, look out for the next job for a while, sleep. */
export function work(thread: i32): void {
  while (atomic.load<i32>(STOP) == 0) {
    // Read before looking for tiles: a job that is posted after that changes it, and ends the waiting below.
    const generation = atomic.load<i32>(GENERATION)
    while (takeTile(thread)) {}
    let spins = SPINS
    while (atomic.load<i32>(GENERATION) == generation && --spins > 0) {}
    if (spins > 0) continue
    atomic.add<i32>(SLEEPERS, 1)
    atomic.wait<i32>(GENERATION, generation, -1)
    atomic.sub<i32>(SLEEPERS, 1)
  }
}
