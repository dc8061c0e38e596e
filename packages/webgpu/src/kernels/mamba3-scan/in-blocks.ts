import { checkMamba3Scan } from '@mamba/core/backend'
import type { Binding } from '../../memory/allocation.ts'
import type { Mamba3ScanNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits, type Kernel } from '../../queue/kernel.ts'
import {
  type BlockSizes,
  blockBytesPerPosition,
  blockScratch,
  CHUNK_ROWS,
  frameBytes,
  planBlocks,
  type Span,
  spansOf,
  startOf,
} from '../blocks/blocks.ts'
import { type Lanes, lanesFor } from '../blocks/lane-sum.wgsl.ts'
import { perVariant } from '../per-variant.ts'
import { workgroupsFor } from '../views.ts'
import { ANGLE_SEGMENT, anglesWgsl } from './angles.wgsl.ts'
import { COMBINE_SIZE, combineWgsl } from './combine.wgsl.ts'
import { framesWgsl } from './frames.wgsl.ts'
import { rememberWgsl } from './remember.wgsl.ts'
import { rotateWgsl } from './rotate.wgsl.ts'

/*
 * Mamba-3 in the block form: a span begins where the one before it ended, as a call of its own would.
 *
 *   frames, angles    decays and weights; the angles of all positions
 *   rotate            queries and keys of all heads
 *   states, pass      as in `blocks.ts`; what the position before left is added to the state
 *   remember          the last key and input
 *   outputs           as in `blocks.ts`, for one rank without a norm: gated
 *   combine           otherwise: norm, gate, and the sum over the ranks
 */

const reads = (count: number) => Array.from({ length: count }, () => 'read' as const)

const framesKernel: Kernel = {
  label: 'mamba3Scan, frames',
  code: framesWgsl(),
  access: [...reads(4), 'write'],
}
const anglesKernel: Kernel = {
  label: 'mamba3Scan, angles',
  code: anglesWgsl(),
  access: [...reads(4), 'write'],
}
const rotateKernel: Kernel = {
  label: 'mamba3Scan, rotate',
  code: rotateWgsl(),
  access: [...reads(5), 'write', 'write', 'write'],
}
const rememberKernel: Kernel = {
  label: 'mamba3Scan, remember',
  code: rememberWgsl,
  access: [...reads(2), 'write', 'write'],
}
const combineKernel = perVariant(
  (lanes: Lanes): Kernel => ({
    label: 'mamba3Scan, combine',
    code: combineWgsl(lanes),
    access: [...reads(5), 'write'],
  }),
)

/** Intermediate results of a span. */
interface Scratch {
  readonly frames: Binding
  /** Angles of all positions as turns, (sequences, nHeads, positions, nAngles). */
  readonly turned: Binding
  /** (sequences, nHeads, positions, rank, dState). */
  readonly q: Binding
  readonly k: Binding
  /** Outputs of all ranks, (sequences, positions, rank, nHeads, headDim); undefined where they are the op's. */
  readonly parts: Binding | undefined
}

interface Call extends Pick<Mamba3ScanNode, 'args' | 'y'> {
  readonly planner: Planner
  readonly span: Span
  readonly sizes: BlockSizes
  readonly nAngles: number
  readonly keyGroups: number
  readonly scratch: Scratch
}

/**
 * The block form.
 * @param chunk positions of a chunk, with all their ranks at most 64 rows; default: as many as fit
 */
export function planMamba3Blocks(planner: Planner, { args, y }: Mamba3ScanNode, chunk?: number): void {
  if (y.size === 0) return
  const { batch, length, rank, nHeads, headDim, nGroups, dState, nAngles } = checkMamba3Scan(args)
  const ownChunk = chunk ?? Math.floor(CHUNK_ROWS / rank)
  const sizes = { length, chunk: ownChunk, rank, nHeads, headDim, nGroups: nHeads, dState }
  const rowBytes = 4 * nHeads * rank * Math.max(dState, headDim)
  const perPosition = Math.max(blockBytesPerPosition(sizes), rowBytes, 4 * nHeads * nAngles)
  const [largest, ...others] = spansOf(planner, { batch, length, chunk: ownChunk }, perPosition)
  const isCombined = args.mimo !== undefined || args.norm !== undefined
  const positions = largest!.sequences * largest!.positions
  const place = (bytes: number): Binding => ({ allocation: planner.scratch(Math.max(bytes, 16)) })
  const scratch: Scratch = {
    frames: place(frameBytes(largest!, sizes)),
    turned: place(4 * positions * nHeads * nAngles),
    q: place(4 * positions * nHeads * rank * dState),
    k: place(4 * positions * nHeads * rank * dState),
    parts: isCombined ? place(4 * positions * rank * nHeads * headDim) : undefined,
  }
  const blocks = blockScratch(planner, largest!, sizes)
  for (const span of [largest!, ...others]) {
    const call: Call = { planner, args, y, span, sizes, nAngles, keyGroups: nGroups, scratch }
    prepare(call)
    const row = nHeads * headDim
    const own = (span.firstSequence * length + span.firstPosition) * row
    const keys = (binding: Binding) => ({
      binding,
      offset: 0,
      sequence: nHeads * span.positions * rank * dState,
      group: span.positions * rank * dState,
      row: dState,
    })
    planBlocks(
      planner,
      span,
      {
        sizes,
        frames: scratch.frames,
        q: keys(scratch.q),
        k: keys(scratch.k),
        x: args.x,
        mimo: args.mimo?.x,
        z: isCombined ? undefined : args.z,
        D: args.D,
        state: args.state.ssm,
        pending: args.state,
        y: scratch.parts
          ? { binding: scratch.parts, offset: 0, sequence: span.positions * rank * row }
          : { binding: planner.binding(y), offset: own, sequence: length * row },
      },
      blocks,
    )
    remember(call)
    combine(call)
  }
}

/** Frames, angles, queries and keys. */
function prepare({ planner, args, span, sizes, nAngles, keyGroups, scratch }: Call): void {
  const { length, chunk, rank, nHeads, dState } = sizes
  const { sequences, positions, firstSequence } = span
  const { dt, ddA, trap, angles, B, C, dtBias, BBias, CBias, state } = args
  const bind = (tensor: typeof dt) => planner.binding(tensor)
  const viewWords = (...views: (typeof dt)[]) =>
    views.flatMap((view) => [startOf(view, span, length), length * view.rowStride, view.rowStride])
  const segments = Math.ceil(positions / ANGLE_SEGMENT)
  const turnedBytes = 4 * sequences * nHeads * positions * nAngles
  planner.dispatch({
    kernel: framesKernel,
    bindings: [...[dt, ddA, trap, dtBias].map(bind), scratch.frames],
    params: [positions, chunk, nHeads, ...viewWords(dt, ddA, trap), floatBits(args.aFloor)],
    workgroups: [nHeads, Math.ceil(positions / chunk), sequences],
    bytes: frameBytes(span, sizes) + 12 * sequences * positions * nHeads,
  })
  planner.dispatch({
    kernel: anglesKernel,
    bindings: [...[dt, dtBias, angles, state.angle].map(bind), scratch.turned],
    params: [positions, nHeads, nAngles, ...viewWords(dt, angles), firstSequence * nHeads * nAngles],
    workgroups: [nHeads, segments, sequences],
    bytes: turnedBytes + 4 * sequences * positions * (nHeads + nAngles),
  })
  planner.dispatch({
    kernel: rotateKernel,
    bindings: [scratch.turned, ...[B, C, BBias, CBias].map(bind), scratch.q, scratch.k, bind(state.angle)],
    params: [
      ...[positions, rank, nHeads, nHeads / keyGroups, dState, nAngles, args.mimo ? 1 : 0],
      ...viewWords(B, C),
      firstSequence * nHeads * nAngles,
    ],
    workgroups: [nHeads, segments, sequences],
    bytes: turnedBytes + 8 * sequences * positions * rank * dState * (nHeads + keyGroups),
  })
}

/** The last key and input, for the next span or call. */
function remember({ planner, args, span, sizes, scratch }: Call): void {
  const { length, rank, nHeads, headDim, dState } = sizes
  const { x, state } = args
  planner.dispatch({
    kernel: rememberKernel,
    bindings: [scratch.k, planner.binding(x), planner.binding(state.k), planner.binding(state.v)],
    params: [
      ...[span.positions, rank, nHeads, headDim, dState, span.firstSequence],
      ...[startOf(x, span, length), length * x.rowStride, x.rowStride],
    ],
    workgroups: [Math.ceil((rank * dState + headDim) / 64), nHeads, span.sequences],
    bytes: 8 * span.sequences * nHeads * (rank * dState + headDim),
  })
}

/** From the outputs of all ranks to y, where that is a step of its own. */
function combine({ planner, args, y, span, sizes, scratch }: Call): void {
  if (!scratch.parts) return
  const { length, rank, nHeads, headDim } = sizes
  const { sequences, positions, firstSequence, firstPosition } = span
  const { z, mimo, norm } = args
  const { capabilities } = planner
  const lanes = lanesFor(headDim, capabilities)
  const optional = [mimo?.z, mimo?.o, norm?.weight].map((tensor) => planner.binding(tensor ?? z))
  planner.dispatch({
    kernel: combineKernel(lanes),
    bindings: [scratch.parts, planner.binding(z), ...optional, planner.binding(y)],
    params: [
      ...[sequences, positions, rank, nHeads, headDim, mimo ? 1 : 0, norm ? 1 : 0, floatBits(norm?.eps ?? 0)],
      ...[startOf(z, span, length), length * z.rowStride, z.rowStride],
      (firstSequence * length + firstPosition) * nHeads * headDim,
      length * nHeads * headDim,
    ],
    workgroups: workgroupsFor(
      sequences * positions * nHeads,
      COMBINE_SIZE / lanes.count,
      capabilities.maxWorkgroups,
    ),
    bytes: 4 * sequences * positions * nHeads * headDim * (rank + 2),
  })
}
