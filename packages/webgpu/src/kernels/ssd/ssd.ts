import { checkSsd } from '@mamba/core/backend'
import type { SsdNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import {
  type BlockSizes,
  blockBytesPerPosition,
  blockScratch,
  CHUNK_ROWS,
  frameBytes,
  planBlocks,
  spansOf,
  startOf,
} from '../blocks/blocks.ts'
import { framesWgsl } from './frames.wgsl.ts'
import { limitWords, planSsdStep } from './step.ts'

/** From so many positions on, four kernels for all of them are faster than one that takes them one after the other. */
const BLOCK_LENGTH = 16

const frameKernel: Kernel = {
  label: 'ssd, frames',
  code: framesWgsl(),
  access: ['read', 'read', 'read', 'write'],
}

/** `Ops.ssd`: the recurrence for short calls, the block form for long ones. */
export function planSsd(planner: Planner, node: SsdNode): void {
  if (node.y.shape[1]! < BLOCK_LENGTH) planSsdStep(planner, node)
  else planSsdBlocks(planner, node)
}

/** The same in the block form, with chunks of so many positions, at most 64. */
export function planSsdBlocks(planner: Planner, { args, y }: SsdNode, chunk = CHUNK_ROWS): void {
  if (y.size === 0) return
  const { x, dt, dtBias, dtLimit, A, B, C, D, state } = args
  const { batch, length, ...heads } = checkSsd(args)
  const sizes: BlockSizes = { length, chunk, rank: 1, ...heads }
  const { nHeads, headDim, dState } = heads
  const [largest, ...others] = spansOf(planner, { batch, length, chunk }, blockBytesPerPosition(sizes))
  const scratch = blockScratch(planner, largest!, sizes)
  const frames = { allocation: planner.scratch(frameBytes(largest!, sizes)) }
  const yBinding = planner.binding(y)
  for (const span of [largest!, ...others]) {
    const { sequences, positions, firstSequence, firstPosition } = span
    planner.dispatch({
      kernel: frameKernel,
      bindings: [planner.binding(dt), planner.binding(dtBias), planner.binding(A), frames],
      params: [
        positions,
        chunk,
        nHeads,
        startOf(dt, span, length),
        length * dt.rowStride,
        dt.rowStride,
        ...limitWords(dtLimit),
      ],
      workgroups: [nHeads, Math.ceil(positions / chunk), sequences],
      bytes: frameBytes(span, sizes) + 4 * sequences * positions * nHeads,
    })
    const keys = (view: typeof B) => ({
      binding: planner.binding(view),
      offset: startOf(view, span, length),
      sequence: length * view.rowStride,
      group: dState,
      row: view.rowStride,
    })
    const rowLength = nHeads * headDim
    const offset = (firstSequence * length + firstPosition) * rowLength
    planBlocks(
      planner,
      span,
      {
        sizes,
        frames,
        q: keys(C),
        k: keys(B),
        x,
        D,
        state,
        y: { binding: yBinding, offset, sequence: length * rowLength },
      },
      scratch,
    )
  }
}
