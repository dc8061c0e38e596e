/**
 * Whether id a comes before id b in the ranking by score: the higher score first, the lower id among equals.
 * @param scores (vocabulary), without NaN
 */
export function ranksBefore(scores: Float64Array, a: number, b: number): boolean {
  return scores[a]! > scores[b]! || (scores[a] === scores[b] && a < b)
}

/**
 * Ranks ids by score and returns the one at which their summed weight reaches `target`: with weight 1 for all, the
 * one at rank `target`.
 *
 * Quickselect (Hoare 1961) with weights: the part that cannot hold the answer is never sorted, so the expected time
 * is proportional to the number of ids.
 *
 * @param ids not empty; reordered in place
 * @param scores (vocabulary), without NaN
 * @param target above 0; if all weights together are less, the last of the ranking is returned
 * @param weights (vocabulary), none negative; absent: 1 for all
 */
export function idAtWeight(
  ids: Int32Array,
  scores: Float64Array,
  target: number,
  weights?: Float64Array,
): number {
  let low = 0
  let high = ids.length - 1
  let missing = target
  while (low < high) {
    const middle = partition(ids, scores, low, high)
    let weight = 0
    for (let i = low; i < middle; i++) {
      weight += weights?.[ids[i]!] ?? 1
    }
    if (weight >= missing) {
      high = middle - 1
      continue
    }
    weight += weights?.[ids[middle]!] ?? 1
    if (weight >= missing) {
      return ids[middle]!
    }
    missing -= weight
    low = middle + 1
  }
  return ids[Math.min(low, high)]!
}

/** Moves ids that rank before a pivot to the front of [low, high]. @returns where the pivot then is */
function partition(ids: Int32Array, scores: Float64Array, low: number, high: number): number {
  // Of three, so that sorted logits do not take quadratic time.
  swap(ids, medianOfThree(ids, scores, low, high), high)
  const pivot = ids[high]!
  let middle = low
  for (let i = low; i < high; i++) {
    if (ranksBefore(scores, ids[i]!, pivot)) {
      swap(ids, i, middle++)
    }
  }
  swap(ids, middle, high)
  return middle
}

function medianOfThree(ids: Int32Array, scores: Float64Array, low: number, high: number): number {
  const middle = (low + high) >>> 1
  const before = (i: number, j: number) => ranksBefore(scores, ids[i]!, ids[j]!)
  if (before(low, middle) === before(middle, high)) {
    return middle
  }
  return before(low, middle) === before(high, low) ? low : high
}

function swap(ids: Int32Array, i: number, j: number): void {
  const id = ids[i]!
  ids[i] = ids[j]!
  ids[j] = id
}
