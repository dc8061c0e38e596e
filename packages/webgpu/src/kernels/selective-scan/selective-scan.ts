import type { Tensor } from '@mamba/core'
import type { Binding } from '../../memory/allocation.ts'
import type { SelectiveScanNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { type ScanKernels, scanKernels } from './kernels.ts'
import { packedByteLength } from './pack-weights.wgsl.ts'
import { shortScanChannels } from './short-lanes.ts'

/*
 * The selective scan in three forms. A few positions are scanned one after the other, by one invocation for each channel.
 * So are short sequences, but with a channel's states spread over invocations. Long ones are cut into chunks: a pass over
 * all chunks at once finds what each adds to the state, a second carries the states from chunk to chunk, and a third
 * scans all chunks again with the right states. That takes twice the exponentials, but keeps the device busy.
 *
 * Which form it is depends on the length, not on the batch: a sequence gives the same bits in any batch.
 */
export type ScanForm = 'step' | 'short' | { readonly chunkLength: number }

/** Most positions of the first form. */
const MAX_STEP = 8
/** Most positions of the second form. */
const MAX_SHORT = 256
/** Most states of a channel that the chunked form keeps in an invocation. */
const MAX_CHUNKED_STATES = 64
/** Bindings of the kernels that take A, dtBias and D as they are. */
const UNPACKED_BINDINGS = 10

/** `Ops.selectiveScan`. */
export function planSelectiveScan(planner: Planner, node: SelectiveScanNode): void {
  planSelectiveScanAs(formFor(node.y.shape[1]!, node.args.A.columnCount), planner, node)
}

function formFor(length: number, dState: number): ScanForm {
  if (length <= MAX_STEP) return 'step'
  if (length <= MAX_SHORT || dState > MAX_CHUNKED_STATES) return 'short'
  // About as many chunks as positions of a chunk, and never so many that their states take more room than u.
  const tiles = Math.max(Math.ceil(Math.sqrt(length) / 32), Math.ceil(dState / 32))
  return { chunkLength: 32 * tiles }
}

/** The same in a given form. */
export function planSelectiveScanAs(form: ScanForm, planner: Planner, { args, y }: SelectiveScanNode): void {
  if (y.size === 0) return
  const [batch, length, dInner] = y.shape as [number, number, number]
  const dState = args.A.columnCount
  const { u, dt, dtBias, B, C, z } = args
  const groups = Math.max(1, Math.ceil(dState / 4))
  const chunkLength = typeof form === 'string' ? length : form.chunkLength
  const chunks = Math.ceil(length / chunkLength)
  const isPacked = planner.capabilities.maxStorageBuffers < UNPACKED_BINDINGS
  const flags = [dtBias ? 1 : 0, z ? 1 : 0]
  const views = [u, dt, z ?? u, B, C].flatMap(viewWords)
  const scan: Scan = {
    planner,
    kernels: scanKernels({ groups, isWhole: dState === 4 * groups, isPacked }),
    params: [batch, length, dInner, dState, ...flags, chunkLength, chunks, ...views],
    args,
    sizes: { batch, length, dInner, dState, groups, chunks },
  }
  const weights = isPacked ? packWeights(scan) : weightTensors(args).map((tensor) => planner.binding(tensor))
  if (typeof form === 'string') scanWhole(form, scan, y, weights)
  else scanInChunks(scan, y, weights)
}

/** Without chunks. */
function scanWhole(form: 'step' | 'short', scan: Scan, y: Tensor, weights: readonly Binding[]): void {
  const { planner, kernels, params, args, sizes } = scan
  const { batch, dInner, dState, groups } = sizes
  const { maxWorkgroups } = planner.capabilities
  const workgroups =
    form === 'step'
      ? workgroupsFor(batch * dInner, 64, maxWorkgroups)
      : workgroupsFor(batch * Math.ceil(dInner / shortScanChannels(groups)), 1, maxWorkgroups)
  planner.dispatch({
    kernel: form === 'step' ? kernels.step : kernels.shortScan,
    bindings: [...bindSequences(scan), planner.binding(args.state), planner.binding(y), ...weights],
    params,
    workgroups,
    bytes: 4 * (sequenceElements(scan) + (2 * batch + 1) * dInner * dState),
  })
}

function scanInChunks(scan: Scan, y: Tensor, weights: readonly Binding[]): void {
  const { planner, kernels, params, sizes } = scan
  const { batch, dInner, dState, chunks } = sizes
  const states = carryStates(scan)
  planner.dispatch({
    kernel: kernels.chunkOutputs,
    bindings: [...bindSequences(scan), states, planner.binding(y), ...weights],
    params,
    workgroups: [Math.ceil(dInner / 64), chunks, batch],
    bytes: 4 * (sequenceElements(scan) + batch * chunks * dInner * dState),
  })
}

interface Scan extends Pick<SelectiveScanNode, 'args'> {
  readonly planner: Planner
  readonly kernels: ScanKernels
  readonly params: readonly number[]
  readonly sizes: Readonly<Record<'batch' | 'length' | 'dInner' | 'dState' | 'groups' | 'chunks', number>>
}

/** The first two passes. @returns the state before each chunk */
function carryStates({ planner, kernels, params, args, sizes }: Scan): Binding {
  const { batch, length, dInner, dState, groups, chunks } = sizes
  const { u, dt, dtBias, A, B, D, state } = args
  const states = { allocation: planner.scratch(16 * batch * chunks * groups * dInner) }
  const totals = { allocation: planner.scratch(4 * batch * chunks * dInner) }
  const bind = (tensor: Tensor) => planner.binding(tensor)
  const stateElements = batch * chunks * dInner * (dState + 1)
  planner.dispatch({
    kernel: kernels.chunkStates,
    bindings: [...[u, dt, B].map(bind), states, totals, bind(A), bind(dtBias ?? D)],
    params,
    workgroups: [Math.ceil(dInner / 64), chunks, batch],
    bytes: 4 * (batch * length * (2 * dInner + dState) + stateElements),
  })
  planner.dispatch({
    kernel: kernels.carryStates,
    bindings: [states, totals, bind(A), bind(state)],
    params,
    workgroups: workgroupsFor(batch * groups * dInner * 4, 64, planner.capabilities.maxWorkgroups),
    bytes: 8 * stateElements,
  })
  return states
}

function packWeights({ planner, kernels, params, args, sizes: { dInner, dState, groups } }: Scan): Binding[] {
  const packed = { allocation: planner.scratch(packedByteLength(dInner, groups)) }
  planner.dispatch({
    kernel: kernels.packWeights,
    bindings: [packed, ...weightTensors(args).map((tensor) => planner.binding(tensor))],
    params,
    workgroups: workgroupsFor(dInner * (groups + 1), 64, planner.capabilities.maxWorkgroups),
    bytes: 8 * dInner * (dState + 2),
  })
  return [packed]
}

/** A, dtBias, D; in place of a bias that is absent, something that is not read. */
function weightTensors({ A, dtBias, D }: SelectiveScanNode['args']) {
  return [A, dtBias ?? D, D]
}

/** u, dt, z, B and C; in place of a gate that is absent, something that is not read. */
function bindSequences({ planner, args: { u, dt, z, B, C } }: Scan): Binding[] {
  return [u, dt, z ?? u, B, C].map((tensor) => planner.binding(tensor))
}

/** Elements of u, dt, z, B, C and y. */
function sequenceElements({ args: { z }, sizes: { batch, length, dInner, dState } }: Scan): number {
  return batch * length * (dInner * (z ? 4 : 3) + 2 * dState)
}
