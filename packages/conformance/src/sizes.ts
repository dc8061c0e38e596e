import fc from 'fast-check'

/** Powers of two that kernels like, their neighbours, and primes. */
const AWKWARD = [1, 2, 3, 4, 5, 7, 8, 13, 15, 16, 17, 31, 32, 33, 37, 61, 63, 64, 65, 67, 127, 128, 129]

/** Sizes of an axis, from 1 up to `largest`, the awkward ones more often. */
export function sizes(largest: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: 1, max: largest }),
    fc.constantFrom(...AWKWARD.filter((size) => size <= largest)),
  )
}

/** Numbers of positions or rows: as {@link sizes}, and now and then none. */
export function lengths(largest: number): fc.Arbitrary<number> {
  return fc.oneof({ arbitrary: fc.constant(0), weight: 1 }, { arbitrary: sizes(largest), weight: 9 })
}

/** Numbers of sequences. */
export const batches: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 })

/** Seeds of a case's numbers, which do not get simpler by getting smaller. */
export const seeds: fc.Arbitrary<number> = fc.noShrink(fc.nat())

/** Shapes of activations, of rank 1 to 3: leading axes, some of them of size 0, and columns. */
export function activationShapes(maxSize: number): fc.Arbitrary<number[]> {
  return fc.oneof(
    fc.tuple(sizes(maxSize)),
    fc.tuple(lengths(maxSize), sizes(maxSize)),
    fc.tuple(batches, lengths(maxSize), sizes(maxSize)),
  )
}
