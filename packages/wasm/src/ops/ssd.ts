import type { SsdArgs, Tensor } from '@mamba/core'
import { checkSsd } from '@mamba/core/backend'
import { type Context, floatBits } from '../context.ts'
import { CHUNK, SSD_BLOCKS, SSD_SCORES, SSD_STEP } from '../kernels.ts'

/** From so many positions on, the block form is faster than the recurrence, although it has to re-order the state. */
export const BLOCK_LENGTH = 8

/** `Ops.ssd`: the recurrence for short calls, the block form for long ones. `chunkSize` is the kernel's own. */
export function ssd(context: Context, args: SsdArgs): Tensor {
  const sizes = checkSsd(args)
  const { batch, length, nHeads, headDim, nGroups, dState } = sizes
  const { x, dt, dtBias, dtLimit, A, B, C, D, state } = args
  const words = [
    context.address(x),
    context.rowBytes(x),
    context.address(dt),
    context.rowBytes(dt),
    context.address(dtBias),
    ...dtLimit.map(floatBits),
    context.address(A),
    context.address(B),
    context.rowBytes(B),
    context.address(C),
    context.rowBytes(C),
    context.address(D),
    D.columnCount === nHeads ? 0 : 1,
    context.address(state),
  ]
  return context.result(x.shape, (y) => {
    if (length === 0) return
    words.push(y, length, nHeads, headDim, nGroups, dState)
    if (length < BLOCK_LENGTH) {
      context.run(SSD_STEP, words, batch * nHeads, stepScratchBytes(dState))
      return
    }
    const chunks = batch * Math.ceil(length / CHUNK)
    context.temporary(4 * CHUNK * CHUNK * chunks * nGroups, (scores) => {
      words.push(scores)
      context.run(SSD_SCORES, words, chunks)
      context.run(SSD_BLOCKS, words, batch * nHeads, blockScratchBytes(sizes))
    })
  })
}

/** What `assembly/sequence/ssd/step.ts` asks for. */
function stepScratchBytes(dState: number): number {
  return 4 * (2 * CHUNK + 4 + 6 * (dState + 3))
}

/** What `assembly/sequence/ssd/blocks.ts` asks for. */
function blockScratchBytes({ headDim, dState }: ReturnType<typeof checkSsd>): number {
  const panels = Math.ceil(headDim / 8)
  return 4 * CHUNK * (3 + 2 * CHUNK) + 32 * ((1 + 2 * panels) * CHUNK + panels * (dState + 3))
}
