/*
 * What `dot-q8-0.ts` and `dot-q4-0.ts` have in common. Both take four rows of weights at once: that fills a vector with
 * the scales of four blocks, and four with their sums, and loads x once for all four.
 */

/**
 * The scales of four blocks, in the upper halves of the lanes. The lower halves are what stands before the blocks, be it
 * somebody else's: no tensor is at the memory's beginning, and they mean nothing.
 */
// @ts-ignore: decorator
@inline
export function scalesOf(a: usize, b: usize, c: usize, d: usize): v128 {
  const ab = v128.shuffle<i32>(v128.load32_zero(a - 2), v128.load32_zero(b - 2), 0, 4, 1, 5)
  const cd = v128.shuffle<i32>(v128.load32_zero(c - 2), v128.load32_zero(d - 2), 0, 4, 1, 5)
  return v128.shuffle<i32>(ab, cd, 0, 1, 4, 5)
}

/** The sum of each argument's four lanes, int32. */
// @ts-ignore: decorator
@inline
export function sumsOfIntegers(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7))
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7))
}
