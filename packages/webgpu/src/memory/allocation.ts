/**
 * Bytes on the device that one tensor, or one intermediate result of an op, lives in. Within a program that is being
 * recorded it has no buffer yet: that is planned once all its uses are known.
 */
export class Allocation {
  /** Bytes, a multiple of 4. */
  readonly byteLength: number
  /** Changes when it is written to from outside of kernels. */
  version = 0
  #place: Place | undefined

  constructor(byteLength: number, place?: Place) {
    this.byteLength = byteLength
    this.#place = place
  }

  /** Whether it is part of a program whose memory is not planned yet. */
  isPlaced(): boolean {
    return this.#place !== undefined
  }

  /** Where it is. */
  place(): Place {
    if (this.#place === undefined)
      throw new Error('an allocation of a program was used before it was planned')
    return this.#place
  }

  /** Gives an allocation of a program its memory, or takes it away. */
  setPlace(place: Place | undefined): void {
    this.#place = place
  }
}

/** A range of a buffer, from `offset`, a multiple of 256. */
export interface Place {
  readonly buffer: GPUBuffer
  readonly offset: number
}

/** Some bytes of an allocation, as a kernel sees them. */
export interface Binding {
  readonly allocation: Allocation
  /** Of the first byte within the allocation, a multiple of 256. Default 0. */
  readonly offset?: number
  /** Default: to the end. */
  readonly byteLength?: number
}
