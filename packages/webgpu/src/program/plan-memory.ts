import type { Allocation, Place } from '../memory/allocation.ts'
import type { Dispatch } from '../queue/kernel.ts'

/**
 * Gives the intermediate results of a program their memory: two that are never needed at the same time share a buffer.
 * @param dispatches in the order in which they run
 * @param kept allocations that must outlive the program's run, such as its results
 * @param take makes a buffer of at least so many bytes
 * @returns all buffers that were made
 */
export function planMemory(
  dispatches: readonly Dispatch[],
  kept: ReadonlySet<Allocation>,
  take: (byteLength: number) => GPUBuffer,
): readonly GPUBuffer[] {
  const lastUse = new Map<Allocation, number>()
  for (const [i, { bindings }] of dispatches.entries()) {
    for (const { allocation } of bindings) if (!allocation.isPlaced()) lastUse.set(allocation, i)
  }
  const buffers: GPUBuffer[] = []
  const free: GPUBuffer[] = []
  const placeOf = (byteLength: number): Place => {
    const index = smallestThatFits(free, byteLength)
    const [found] = index < 0 ? [] : free.splice(index, 1)
    const buffer = found ?? take(byteLength)
    if (!found) buffers.push(buffer)
    return { buffer, offset: 0 }
  }
  for (const [i, { bindings }] of dispatches.entries()) {
    const own = new Set(bindings.map(({ allocation }) => allocation))
    for (const allocation of own) {
      if (!allocation.isPlaced()) allocation.setPlace(placeOf(allocation.byteLength))
    }
    // Only after all of this dispatch have their place: what it reads must not be what it writes.
    for (const allocation of own) {
      if (lastUse.get(allocation) === i && !kept.has(allocation)) free.push(allocation.place().buffer)
    }
  }
  return buffers
}

function smallestThatFits(buffers: readonly GPUBuffer[], byteLength: number): number {
  let best = -1
  for (const [i, { size }] of buffers.entries()) {
    if (size >= byteLength && (best < 0 || size < buffers[best]!.size)) best = i
  }
  return best
}
