import fc from 'fast-check'
import { type Random, seededRandom } from './random.ts'

/**
 * Sizes for property tests. They are small, so that a hundred cases run in a moment, and chosen to be
 * awkward: no tokens, one token, primes, and numbers that are not multiples of a chunk or of a vector
 * register. Their shrunk form is the smallest.
 */
const batch = fc.integer({ min: 1, max: 3 })
const width = fc.integer({ min: 1, max: 9 })

/** Numbers of tokens: 0, 1, primes and everything else up to 41. */
export const lengths: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 7, 13, 31, 37),
  fc.integer({ min: 0, max: 41 }),
)

/** Numbers of tokens per chunk, below, at and above those of `lengths`. */
export const chunkSizes: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(1, 2, 8, 64),
  fc.integer({ min: 1, max: 45 }),
)

/** Seeds of `seededRandom`. */
export const seeds: fc.Arbitrary<number> = fc.nat()

/** Sizes of a selective scan. */
export const selectiveScanDims = fc.record({ batch, length: lengths, dInner: width, dState: width })

/** Sizes of an SSD layer; nGroups divides nHeads. */
export const ssdDims = fc
  .record({
    batch,
    length: lengths,
    nGroups: fc.integer({ min: 1, max: 3 }),
    headsPerGroup: fc.integer({ min: 1, max: 3 }),
    headDim: fc.integer({ min: 1, max: 5 }),
    dState: width,
  })
  .map(({ headsPerGroup, ...dims }) => ({ ...dims, nHeads: dims.nGroups * headsPerGroup }))

/** Sizes of a Mamba-3 layer: nGroups divides nHeads, dState is even, nAngles is at most dState / 2. */
export const mamba3Dims = fc
  .record({
    batch,
    length: lengths,
    rank: fc.integer({ min: 1, max: 3 }),
    nGroups: fc.integer({ min: 1, max: 2 }),
    headsPerGroup: fc.integer({ min: 1, max: 3 }),
    headDim: fc.integer({ min: 1, max: 4 }),
    halfState: fc.integer({ min: 1, max: 4 }),
    unrotated: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ headsPerGroup, halfState, unrotated, ...dims }) => ({
    ...dims,
    nHeads: dims.nGroups * headsPerGroup,
    dState: 2 * halfState,
    nAngles: Math.max(0, halfState - unrotated),
  }))

/** Sizes of a causal convolution. */
export const causalConv1dDims = fc.record({
  batch,
  length: lengths,
  channels: width,
  taps: fc.integer({ min: 1, max: 5 }),
})

/** Cuts a sequence into pieces of random lengths, some of them empty. Their sum is `length`. */
export function splitLength(length: number, seed: number): number[] {
  const random = seededRandom(seed)
  const pieces = []
  for (let left = length; left > 0; ) {
    const piece = random.integer(0, Math.min(left, 9))
    pieces.push(piece)
    left -= piece
  }
  return pieces
}

/**
 * `count` step sizes of one of three kinds, by chance: slow decay (about 1e-3, where the state remembers
 * everything and rounding errors add up), what trained models have, and so large that the state is forgotten.
 */
export function stepSizes(count: number, random: Random): Float32Array {
  const [low, high] = [[5e-4, 2e-3] as const, [1e-3, 1] as const, [1, 30] as const][random.integer(0, 2)]!
  return Float32Array.from({ length: count }, () => random.logUniform(low, high))
}
