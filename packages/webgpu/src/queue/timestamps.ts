import { MAP_MODE_READ, USAGE } from '../device/constants.ts'
import type { Profiler } from './batch.ts'

/** Passes of one query set: it may hold 4,096 timestamps, and each pass takes two. */
const MAX_PASSES = 2048

/** What all runs of one kernel took. */
export interface KernelTime {
  /** Name of the kernel. */
  readonly kernel: string
  /** Dispatches. */
  readonly count: number
  /** Time on the device, in µs. */
  readonly microseconds: number
  /** Bytes that they read and write at least; 0 if the kernel does not say. */
  readonly bytes: number
}

/** A dispatch that is being measured. */
interface Pass {
  readonly kernel: string
  readonly bytes: number
}

/** Passes whose timestamps lie in one query set, or on their way back in one buffer. */
interface Timed<Place> {
  readonly place: Place
  readonly passes: Pass[]
}

/**
 * Measures each dispatch by timestamps at the beginning and at the end of its pass. What a device does between passes
 * is not in them; nor do they overlap, as dispatches of one pass may.
 */
export class Timestamps implements Profiler {
  readonly #device: GPUDevice
  readonly #resolved: GPUBuffer
  readonly #sets: GPUQuerySet[] = []
  readonly #free: GPUQuerySet[] = []
  #open: Timed<GPUQuerySet>[] = []
  readonly #readings: Timed<GPUBuffer>[] = []

  /** @param device with the feature `timestamp-query` */
  constructor(device: GPUDevice) {
    this.#device = device
    this.#resolved = device.createBuffer({
      label: 'timestamps',
      size: 8 * 2 * MAX_PASSES,
      usage: USAGE.QUERY_RESOLVE | USAGE.COPY_SRC,
    })
  }

  pass(kernel: string, bytes: number): GPUComputePassDescriptor {
    let timed = this.#open.at(-1)
    if (!timed || timed.passes.length === MAX_PASSES) {
      timed = { place: this.#free.pop() ?? this.#createSet(), passes: [] }
      this.#open.push(timed)
    }
    const first = 2 * timed.passes.length
    timed.passes.push({ kernel, bytes })
    return {
      label: kernel,
      timestampWrites: {
        querySet: timed.place,
        beginningOfPassWriteIndex: first,
        endOfPassWriteIndex: first + 1,
      },
    }
  }

  resolve(encoder: GPUCommandEncoder): void {
    for (const { place, passes } of this.#open) {
      const count = 2 * passes.length
      const buffer = this.#device.createBuffer({
        label: 'timestamps',
        size: 8 * count,
        usage: USAGE.MAP_READ | USAGE.COPY_DST,
      })
      encoder.resolveQuerySet(place, 0, count, this.#resolved, 0)
      encoder.copyBufferToBuffer(this.#resolved, 0, buffer, 0, 8 * count)
      this.#readings.push({ place: buffer, passes })
      // Later commands come after these.
      this.#free.push(place)
    }
    this.#open = []
  }

  /** What was measured, by kernel, the most time first. */
  async times(): Promise<KernelTime[]> {
    const sums = new Map<string, { count: number; microseconds: number; bytes: number }>()
    for (const { place, passes } of this.#readings) {
      await place.mapAsync(MAP_MODE_READ)
      const nanoseconds = new BigUint64Array(place.getMappedRange())
      for (const [i, { kernel, bytes }] of passes.entries()) {
        const sum = sums.get(kernel) ?? { count: 0, microseconds: 0, bytes: 0 }
        sums.set(kernel, sum)
        sum.count++
        sum.bytes += bytes
        // A device may set its clock back.
        sum.microseconds += Math.max(0, Number(nanoseconds[2 * i + 1]! - nanoseconds[2 * i]!)) / 1000
      }
      place.unmap()
    }
    return Array.from(sums, ([kernel, sum]) => ({ kernel, ...sum })).sort(
      (a, b) => b.microseconds - a.microseconds,
    )
  }

  destroy(): void {
    this.#resolved.destroy()
    for (const set of this.#sets) set.destroy()
    for (const { place } of this.#readings) place.destroy()
  }

  #createSet(): GPUQuerySet {
    const set = this.#device.createQuerySet({ type: 'timestamp', count: 2 * MAX_PASSES })
    this.#sets.push(set)
    return set
  }
}
