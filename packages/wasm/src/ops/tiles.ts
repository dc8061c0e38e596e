/** Bytes of one tile's work at least: less, and handing it out costs more than it brings. */
const MIN_TILE_BYTES = 16 * 1024
/** Tiles per thread, so that a thread which was held up leaves its share to the others. */
const TILES_PER_THREAD = 4

/** How `items` rows, outputs or whatever a kernel goes through are cut into tiles. */
export interface Tiling {
  readonly perTile: number
  readonly tiles: number
}

/**
 * Cuts `items` into tiles, several for each thread, but none of less work than is worth while.
 * @param bytes what one item makes a thread read and write
 */
export function tile(items: number, bytes: number, threads: number): Tiling {
  if (items === 0) return { perTile: 1, tiles: 0 }
  const worthWhile = Math.ceil(MIN_TILE_BYTES / Math.max(bytes, 1))
  const perTile = Math.min(Math.max(worthWhile, Math.ceil(items / (threads * TILES_PER_THREAD))), items)
  return { perTile, tiles: Math.ceil(items / perTile) }
}
