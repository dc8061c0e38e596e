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
  /** Results of kernels: a number for each chunk, then ids, then how many ids. */
  readonly #perChunk: number
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
    this.#perChunk = workspace
    this.#places = workspace + 4 * chunksOf(count)
    this.#found = this.#places + 4 * count
  }

  /** Bytes that a row of `count` logits works with. */
  static workspaceBytes(count: number): number {
    return 4 * (chunksOf(count) + count + 1)
  }

  /** The logits themselves. */
  get logits(): Float32Array {
    return this.#context.floats(this.#start, this.#count)
  }

  /** The largest logit of each chunk; NaN where there is one. */
  maxima(): Float32Array {
    return this.#eachChunk((words, tiles) => this.#context.run(CHUNK_MAXIMA, words, tiles))
  }

  /** Σ e^((logit − top) / temperature) over each chunk; no logit is above `top`. */
  weightSums(top: number, temperature: number): Float32Array {
    // Below that it would be 0 as a float32. It makes no difference: only the largest logits are left.
    const divisor = Math.max(temperature, 1e-30)
    const numbers = [floatBits(top), floatBits(divisor)]
    return this.#eachChunk((words, tiles) => this.#context.run(EXP_SUMS, [...words, ...numbers], tiles))
  }

  /** The ids whose logits are not below `threshold`, ascending. */
  idsFrom(threshold: number): Int32Array {
    const words = [this.#start, this.#count, floatBits(threshold), this.#places, this.#found]
    this.#context.run(COLLECT, words, 1)
    const found = this.#context.ints(this.#found, 1)[0]!
    return this.#context.ints(this.#places, found).slice()
  }

  #eachChunk(run: (words: readonly number[], tiles: number) => void): Float32Array {
    const chunks = chunksOf(this.#count)
    const { perTile, tiles } = tile(chunks, 4 * CHUNK, this.#context.threads)
    run([this.#start, this.#count, this.#perChunk, CHUNK, perTile], tiles)
    return this.#context.floats(this.#perChunk, chunks).slice()
  }
}

function chunksOf(count: number): number {
  return Math.ceil(count / CHUNK)
}
