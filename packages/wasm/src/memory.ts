import { DeviceError } from '@mamba/core'
import { HEAP_START } from './control.ts'

/** Bytes of a WebAssembly page. */
export const PAGE = 65536
/** The most that the memory may hold: 4 GiB but for a page, so that the address after the last byte is one, too. */
export const MAX_BYTES = 65535 * PAGE
/** Tensors begin at multiples of this: a cache line, so that no two threads write to the same one. */
const ALIGNMENT = 64
/** The memory grows by at least this, so that growing stays rare. */
const GROWTH = 16 * 2 ** 20

/** A range of bytes that nobody uses. */
interface Gap {
  readonly start: number
  readonly end: number
}

/**
 * The WebAssembly memory that kernels compute in, and who uses which part of it. Takes the first gap that is large
 * enough and joins neighbouring gaps again when memory is freed, so that nothing is lost over many models.
 */
export class Heap {
  /** Bytes that the memory may grow to. */
  readonly limit: number
  #memory: WebAssembly.Memory | undefined
  /** In the order of their addresses; no two of them touch. */
  readonly #gaps: Gap[] = []
  /** Bytes of each allocation, by its address. */
  readonly #sizes = new Map<number, number>()
  #end = HEAP_START
  /** Nothing from here on was ever in use: it is still zero. */
  #untouched = HEAP_START
  #liveBytes = 0
  #bytes: Uint8Array
  #floats: Float32Array
  #words: Uint32Array

  /** @param limit bytes that the memory may grow to, a multiple of {@link PAGE} */
  constructor(memory: WebAssembly.Memory, limit: number) {
    this.#memory = memory
    this.limit = limit
    this.#bytes = new Uint8Array(memory.buffer)
    this.#floats = new Float32Array(memory.buffer)
    this.#words = new Uint32Array(memory.buffer)
  }

  /** All of the memory. A view is of no use any more after the next {@link allocate}. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** As {@link bytes}, as float32. */
  get floats(): Float32Array {
    return this.#floats
  }

  /** As {@link bytes}, as 32-bit words. */
  get words(): Uint32Array {
    return this.#words
  }

  /** Bytes that are in use. */
  get liveBytes(): number {
    return this.#liveBytes
  }

  /**
   * Reserves memory. Its contents are undefined.
   * @param size bytes, 0 included
   * @returns the address, a multiple of 64
   * @throws DeviceError if the memory's limit, or what the system grants, is not enough
   */
  allocate(size: number): number {
    const rounded = Math.max(Math.ceil(size / ALIGNMENT), 1) * ALIGNMENT
    const address = this.#fromGap(rounded) ?? this.#fromEnd(rounded, size)
    this.#sizes.set(address, rounded)
    this.#liveBytes += rounded
    this.#untouched = Math.max(this.#untouched, address + rounded)
    return address
  }

  /** As {@link allocate}, with all bytes zero. Does not touch memory that is zero already: a large model waits for that. */
  allocateZeros(size: number): number {
    const untouched = this.#untouched
    const address = this.allocate(size)
    this.#bytes.fill(0, address, Math.min(address + size, Math.max(untouched, address)))
    return address
  }

  /** Gives back what {@link allocate} gave. */
  free(address: number): void {
    const size = this.#sizes.get(address)
    if (size === undefined) return
    this.#sizes.delete(address)
    this.#liveBytes -= size
    this.#addGap(address, address + size)
  }

  /** Lets go of the memory, so that it can be collected although tensors still refer to this heap. */
  destroy(): void {
    this.#memory = undefined
    this.#sizes.clear()
    this.#liveBytes = 0
    this.#view(new ArrayBuffer(0))
  }

  #view(buffer: ArrayBufferLike = new ArrayBuffer(0)): void {
    this.#bytes = new Uint8Array(buffer)
    this.#floats = new Float32Array(buffer)
    this.#words = new Uint32Array(buffer)
  }

  #fromGap(size: number): number | undefined {
    const index = this.#gaps.findIndex(({ start, end }) => end - start >= size)
    if (index === -1) return undefined
    const { start, end } = this.#gaps[index]!
    if (end - start === size) this.#gaps.splice(index, 1)
    else this.#gaps[index] = { start: start + size, end }
    return start
  }

  #fromEnd(rounded: number, size: number): number {
    const start = this.#end
    this.#growTo(start + rounded, size)
    this.#end = start + rounded
    return start
  }

  #addGap(start: number, end: number): void {
    let low = 0
    for (let high = this.#gaps.length; low < high; ) {
      const middle = (low + high) >> 1
      if (this.#gaps[middle]!.start < start) low = middle + 1
      else high = middle
    }
    const before = this.#gaps[low - 1]
    const after = this.#gaps[low]
    const joinsBefore = before?.end === start
    const joinsAfter = after?.start === end
    const gap = { start: joinsBefore ? before.start : start, end: joinsAfter ? after.end : end }
    this.#gaps.splice(low - Number(joinsBefore), Number(joinsBefore) + Number(joinsAfter), gap)
    if (gap.end !== this.#end) return
    // The last gap is the end of what is in use.
    this.#end = gap.start
    this.#gaps.pop()
  }

  #growTo(end: number, asked: number): void {
    const size = this.#bytes.byteLength
    if (end <= size) return
    if (end > this.limit) throw this.#full(asked, `its limit is ${mebibytes(this.limit)}`)
    const wanted = Math.min(Math.max(end, size + GROWTH), this.limit)
    try {
      this.#memory?.grow(Math.ceil((wanted - size) / PAGE))
    } catch (cause) {
      throw this.#full(
        asked,
        `the system does not let it grow from ${mebibytes(size)} to ${mebibytes(wanted)}`,
        cause,
      )
    }
    this.#view(this.#memory?.buffer)
  }

  #full(asked: number, why: string, cause?: unknown): DeviceError {
    return new DeviceError(
      `wasm: out of memory: ${mebibytes(asked)} more are needed, ${mebibytes(this.#liveBytes)} are in use, and ${why}; ` +
        'destroy what is not needed, read the prompt in shorter chunks, or take a smaller or quantised model',
      { cause },
    )
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
