import { type ResolvedSampling, sampleLogits, uniform } from '@mamba/core'
import { CHUNK, type LogitRow } from './logit-row.ts'

/*
 * Sampling looks at every id of the vocabulary, and JavaScript is slow at that. Most ids cannot be chosen: kernels find
 * those that can, and only they are given to core's `sampleLogits`, the specification.
 */

type Place = Parameters<typeof sampleLogits>[2]

/** The id that `sampleLogits` chooses among all, or would if its sums were rounded a little otherwise. */
export function choose(row: LogitRow, settings: ResolvedSampling, place: Place): number {
  const { greedy, topK, topP, minP, temperature, usesHistory } = settings
  const top = row.top()
  const fromAll = () => sampleLogits(row.logits, settings, place).id
  // It also knows what to say about NaN and infinity.
  if (!Number.isFinite(top)) return fromAll()

  const seen = usesHistory ? seenIds(place) : []
  const rank = greedy ? 1 : topK
  if (rank > 0) {
    // Penalties move the ids that were seen, down or up: they are candidates whatever their logits are.
    const ids = idsOfRank(row, top, rank + seen.length)
    return ids ? chooseFrom(row, union(ids, seen), settings, place) : fromAll()
  }
  if (seen.length > 0) return fromAll()
  if (topP === 1 && minP > 0) {
    // A little lower, for what the logarithm is rounded by.
    const threshold = top + 1.0001 * temperature * Math.log(minP) - 1e-6 * Math.abs(top)
    return chooseFrom(row, row.idsFrom(threshold), settings, place)
  }
  const sums = row.weightSums(top, temperature)
  if (topP === 1) {
    return draw(row, sums, { top, temperature }, uniform(settings.seed, place.position, place.sequence))
  }
  const likeliest = idsOfShare(row, sums, { share: topP, top, temperature })
  return likeliest ? chooseFrom(row, likeliest.ids, { ...settings, topP: likeliest.share }, place) : fromAll()
}

/** `sampleLogits` on some of the ids, ascending. */
function chooseFrom(row: LogitRow, ids: Int32Array, settings: ResolvedSampling, place: Place): number {
  const { logits } = row
  const own = Float32Array.from(ids, (id) => logits[id]!)
  const ownCounts = (counts: Int32Array) => ids.map((id) => counts[id]!)
  const counts = place.counts && {
    prompt: ownCounts(place.counts.prompt),
    generated: ownCounts(place.counts.generated),
  }
  return ids[sampleLogits(own, settings, { ...place, counts }).id]!
}

/** Ids that occurred so far. */
function seenIds({ counts }: Place): number[] {
  const ids: number[] = []
  counts?.generated.forEach((count, id) => {
    if (count > 0 || counts.prompt[id]! > 0) ids.push(id)
  })
  return ids
}

/**
 * The `rank` likeliest ids, and some more: those that reach the maximum of the chunk at this rank, as an id of every
 * chunk before it does.
 * @returns undefined if there are not so many chunks
 */
function idsOfRank(row: LogitRow, top: number, rank: number): Int32Array | undefined {
  if (rank === 1) return row.idsFrom(top)
  const maxima = row.maxima().sort()
  return rank > maxima.length ? undefined : row.idsFrom(maxima[maxima.length - rank]!)
}

/** Both, ascending, each id once. */
function union(ids: Int32Array, others: readonly number[]): Int32Array {
  return others.length === 0 ? ids : Int32Array.from(new Set([...ids, ...others])).sort()
}

interface Weighing {
  /** The largest logit; the weight of an id is e^((logit − top) / temperature). */
  readonly top: number
  readonly temperature: number
}

/**
 * The likeliest ids, as many as it takes for their weights to add up to `share` of all.
 * @returns the ids, and which share of their own weight that is; undefined if they are so many that nothing is won
 */
function idsOfShare(
  row: LogitRow,
  sums: Float32Array,
  { share, top, temperature }: Weighing & { readonly share: number },
): { readonly ids: Int32Array; readonly share: number } | undefined {
  const { logits } = row
  const wanted = share * total(sums)
  for (let depth = 2; ; depth *= 2) {
    const ids = row.idsFrom(top - depth * temperature)
    if (ids.length > logits.length / 4) return undefined
    const mass = ids.reduce((sum, id) => sum + Math.exp((logits[id]! - top) / temperature), 0)
    if (mass > wanted) return { ids, share: wanted / mass }
  }
}

/** The first id at which the summed weight exceeds `share` of the whole, as `sampleLogits` draws. */
function draw(row: LogitRow, sums: Float32Array, { top, temperature }: Weighing, share: number): number {
  const { logits } = row
  const target = share * total(sums)
  let sum = 0
  let last = 0
  for (const [chunk, chunkSum] of sums.entries()) {
    if (chunkSum === 0) continue
    if (sum + chunkSum <= target) {
      sum += chunkSum
      continue
    }
    const end = Math.min((chunk + 1) * CHUNK, logits.length)
    for (let id = chunk * CHUNK; id < end; id++) {
      const weight = Math.exp((logits[id]! - top) / temperature)
      sum += weight
      if (weight > 0) last = id
      if (sum > target) return id
    }
  }
  // The sums of the chunks and those of their ids are rounded differently.
  return last
}

function total(sums: Float32Array): number {
  return sums.reduce((sum, x) => sum + x, 0)
}
