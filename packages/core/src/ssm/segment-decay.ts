/**
 * Decays between the tokens of a chunk: L[t, s] = exp(Σ_{s<u≤t} l_u) for s ≤ t, and 0 above the diagonal.
 *
 * Every segment is summed on its own, row after row. Differences of cumulative sums over the whole chunk
 * would lose the digits of short segments at the end of a long chunk.
 *
 * Source: Dao & Gu 2024, arXiv:2405.21060, Listing 1 (`segsum`).
 * @param logDecay l = Δ A, at least `size` elements, ≤ 0
 * @param decay where L is written, (size, size)
 */
export function segmentDecay(logDecay: Float64Array, size: number, decay: Float64Array): void {
  // First the sums alone: a row extends the segments of the row above it, and starts one of length 0.
  for (let t = 0; t < size; t++) {
    const row = t * size
    const above = row - size
    for (let s = 0; s < t; s++) {
      decay[row + s] = decay[above + s]! + logDecay[t]!
    }
    decay.fill(0, row + t, row + size)
  }
  for (let t = 0; t < size; t++) {
    for (let i = t * size; i <= t * size + t; i++) {
      decay[i] = Math.exp(decay[i]!)
    }
  }
}
