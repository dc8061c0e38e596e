import type { Mamba3ScanArgs, Tensor } from '@mamba/core'
import { checkMamba3Scan } from '@mamba/core/backend'
import { type Context, floatBits } from '../context.ts'
import { CHUNK, MAMBA3_BLOCKS, MAMBA3_STEP } from '../kernels.ts'
import { BLOCK_LENGTH } from './ssd.ts'

/** `Ops.mamba3Scan`: the recurrence for short calls, the block form for long ones. `chunkSize` is the kernel's own. */
export function mamba3Scan(context: Context, args: Mamba3ScanArgs): Tensor {
  const sizes = checkMamba3Scan(args)
  const { batch, length, rank, nHeads, headDim, nGroups, dState, nAngles } = sizes
  const { mimo, norm, state } = args
  const views = [args.x, args.z, args.B, args.C, args.dt, args.ddA, args.trap, args.angles]
  const words = [
    ...views.flatMap((tensor) => [context.address(tensor), context.rowBytes(tensor)]),
    ...[args.dtBias, args.BBias, args.CBias, args.D].map((tensor) => context.address(tensor)),
    floatBits(args.aFloor),
    ...[mimo?.x, mimo?.z, mimo?.o].map((tensor) => context.optionalAddress(tensor)),
    context.optionalAddress(norm?.weight),
    floatBits(norm?.eps ?? 0),
    ...[state.angle, state.ssm, state.k, state.v].map((tensor) => context.address(tensor)),
  ]
  const isLong = length >= BLOCK_LENGTH
  const chunk = isLong ? Math.max(1, Math.floor(CHUNK / rank)) : 1
  return context.result(args.x.shape, (y) => {
    if (length === 0) return
    words.push(y, length, rank, nHeads, headDim, nGroups, dState, nAngles, chunk)
    context.run(isLong ? MAMBA3_BLOCKS : MAMBA3_STEP, words, batch * nHeads, scratchBytes(sizes, chunk))
  })
}

/** What `assembly/sequence/mamba3/frame.ts` lays out, for `chunk` positions at a time. */
function scratchBytes(
  { rank, headDim, dState, nAngles }: ReturnType<typeof checkMamba3Scan>,
  chunk: number,
): number {
  const rows = chunk * rank + 3
  const panels = Math.ceil(headDim / 8)
  const perPosition = (chunk + 4) * (6 + chunk)
  const perRow = rows * (1 + rows) + Math.max(rows, 8 * rank)
  const keys = (2 * rows + rank) * (dState + 3)
  const inputs = 8 * (2 * panels + 1) * rows
  const state = Math.max(8 * panels, 2 * rank + 5) * (dState + 3)
  return 128 + 4 * (perPosition + perRow + keys + 5 * (nAngles + 3) + 16 * panels + inputs + state)
}
