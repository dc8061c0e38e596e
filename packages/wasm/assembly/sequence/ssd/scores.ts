import { CHUNK } from '../../../src/kernels'
import { int, pointer } from '../../runtime/control'
import { scoreRow } from '../state-space/score-row'
import { CHUNK_BYTES } from './arguments'

/**
 * The scores C Bᵀ of every chunk and group, which all heads of the group share; right of the diagonal they are
 * finite and have no meaning. A tile is a chunk of a sequence; the arguments stand in `arguments.ts`.
 */
export function ssdScores(args: usize, tile: i32): void {
  const length = int(args, 16)
  const nGroups = int(args, 19)
  const dState = int(args, 20)
  const chunks = (length + CHUNK - 1) / CHUNK
  const sequence = tile / chunks
  const start = (tile % chunks) * CHUNK
  const size = min(length - start, CHUNK)
  const row = sequence * length + start
  let scores = pointer(args, 21) + tile * nGroups * CHUNK * CHUNK_BYTES
  for (let group = 0; group < nGroups; group++) {
    const at: usize = (group * dState) << 2
    const B = pointer(args, 8) + row * pointer(args, 9) + at
    const C = pointer(args, 10) + row * pointer(args, 11) + at
    memory.fill(scores, 0, CHUNK * CHUNK_BYTES)
    for (let t = 0; t < size; t++) {
      scoreRow(C + t * pointer(args, 11), B, pointer(args, 9), t + 1, dState, scores + t * CHUNK_BYTES)
    }
    scores += CHUNK * CHUNK_BYTES
  }
}
