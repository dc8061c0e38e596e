import { type Context, floatBits } from '../context.ts'
import { CHUNK_MAXIMA, COLLECT, EXP_SUMS } from '../kernels.ts'
import { tile } from './tiles.ts'

/** Ids of a chunk, over which kernels take maxima and sums. */
export const CHUNK = 64

/** The logits of one position, and what kernels find in them. It allocates nothing, so that views stay valid. */
export class LogitRow {
  readonly #context: Context
  readonly #start: number
  readonly #count: number
  /** Results of kernels: the largest logit of each chunk, sums of each chunk, ids, and how many ids. */
  readonly #maxima: number
  readonly #sums: number
  readonly #places: number
  readonly #found: number

  /**
   * @param start address of the first logit
   * @param count number of logits, at least 1
   * @param workspace address of {@link workspaceBytes} bytes
   */
  constructor(context: Context, start: number, count: number, workspace: number) {
    this.#context = context
    this.#start = start
    this.#count = count
    this.#maxima = workspace
    this.#sums = this.#maxima + 4 * chunksOf(count)
    this.#places = this.#sums + 4 * chunksOf(count)
    this.#found = this.#places + 4 * count
  }

  /** Bytes that a row of `count` logits works with. */
  static workspaceBytes(count: number): number {
    return 4 * (2 * chunksOf(count) + count + 1)
  }

  /** The logits themselves. */
  get logits(): Float32Array {
    return this.#context.floats(this.#start, this.#count)
  }

  /** The largest of all logits; NaN if there is one. All that follows comes after this. */
  top(): number {
    this.#eachChunk(this.#maxima, CHUNK_MAXIMA, [])
    const chunks = chunksOf(this.#count)
    this.#context.run(CHUNK_MAXIMA, [this.#maxima, chunks, this.#places, chunks, 1], 1)
    return this.#context.floats(this.#places, 1)[0]!
  }

  /** The largest logit of each chunk. */
  maxima(): Float32Array {
    return this.#context.floats(this.#maxima, chunksOf(this.#count)).slice()
  }

  /** Σ e^((logit − top) / temperature) over each chunk; no logit is above `top`. */
  weightSums(top: number, temperature: number): Float32Array {
    // Below that it would be 0 as a float32. It makes no difference: only the largest logits are left.
    const divisor = Math.max(temperature, 1e-30)
    const numbers = [floatBits(top), floatBits(divisor)]
    this.#eachChunk(this.#sums, EXP_SUMS, numbers)
    return this.#context.floats(this.#sums, chunksOf(this.#count)).slice()
  }

  /** The ids whose logits are not below `threshold`, ascending. None may be NaN. */
  idsFrom(threshold: number): Int32Array {
    const chunks = [this.#maxima, CHUNK]
    const words = [this.#start, this.#count, ...chunks, floatBits(threshold), this.#places, this.#found]
    this.#context.run(COLLECT, words, 1)
    const found = this.#context.ints(this.#found, 1)[0]!
    return this.#context.ints(this.#places, found).slice()
  }

  #eachChunk(results: number, kernel: number, numbers: readonly number[]): void {
    const { perTile, tiles } = tile(chunksOf(this.#count), 4 * CHUNK, this.#context.threads)
    this.#context.run(kernel, [this.#start, this.#count, results, CHUNK, perTile, ...numbers], tiles)
  }
}

function chunksOf(count: number): number {
  return Math.ceil(count / CHUNK)
}
