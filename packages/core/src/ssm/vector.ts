/** Σ x[xStart + i] · y[yStart + i] over `size` elements. */
export function dot(x: Float64Array, xStart: number, y: Float64Array, yStart: number, size: number): number {
  // Two sums, so that an addition does not have to wait for the one before it.
  let even = 0
  let odd = 0
  for (let i = 0; i + 1 < size; i += 2) {
    even += x[xStart + i]! * y[yStart + i]!
    odd += x[xStart + i + 1]! * y[yStart + i + 1]!
  }
  if (size % 2 === 1) {
    even += x[xStart + size - 1]! * y[yStart + size - 1]!
  }
  return even + odd
}

/** target[targetStart + i] += weight · source[sourceStart + i] over `size` elements. */
export function addScaled(
  target: Float64Array,
  targetStart: number,
  weight: number,
  source: Float64Array,
  sourceStart: number,
  size: number,
): void {
  for (let i = 0; i < size; i++) {
    target[targetStart + i]! += weight * source[sourceStart + i]!
  }
}
