import type { Capabilities } from '../../device/capabilities.ts'
import type { CausalConv1dNode, LinearNode, MambaStepNode, SelectiveScanNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import {
  elementsOf16Bytes,
  inWholeVectors,
  isWide,
  weightBytes,
  weightDType,
  weightWords,
} from '../linear/weights.ts'
import { perVariant } from '../per-variant.ts'
import { shortScanChannels } from '../selective-scan/short-lanes.ts'
import { viewWords } from '../views.ts'
import { readsWords, type ScanStepVariant, scanStepWgsl } from './scan.wgsl.ts'
import { SELECT_ROWS, type SelectVariant, selectWgsl } from './select.wgsl.ts'

/** Sequences up to which a step is merged: each reads the small projections for itself. */
const MAX_BATCH = 8
/** Workgroup memory that is not for activations, in bytes. */
const RESERVED_BYTES = 4096
/** Storage buffers of the second kernel. */
const SCAN_BINDINGS = 10

/** Two kernels: every workgroup of the first convolves all channels, which spares a kernel for that. */
export function planMambaStep(planner: Planner, node: MambaStepNode): void {
  const { conv, select, project, scan } = node
  const { u, A, B, C, D, dtBias, state } = scan.args
  const z = scan.args.z!
  const [batch, , dInner] = scan.y.shape as [number, number, number]
  const selection = { allocation: planner.scratch(4 * batch * select.y.columnCount) }
  const convolved = { allocation: planner.scratch(4 * batch * dInner) }
  const bind = (tensor: typeof u) => planner.binding(tensor)

  const [selectPart] = planner.parts(select.weight)
  const selectWeights = inWholeVectors(selectPart!)
  const { weight: taps, bias, state: convState } = conv.args
  planner.dispatch({
    kernel: selectKernel(selectVariant(planner.capabilities, conv, select)),
    bindings: [
      selectWeights,
      selectWeights,
      bind(conv.x),
      bind(taps),
      bind(bias ?? taps),
      bind(convState),
      selection,
      convolved,
    ],
    params: [dInner, select.y.columnCount, ...viewWords(conv.x), ...weightWords(select.weight, selectPart!)],
    workgroups: [Math.ceil(select.y.columnCount / SELECT_ROWS), batch],
    bytes:
      weightBytes(select.weight, select.weight.rowCount) +
      4 * dInner * (taps.columnCount + batch * (taps.columnCount + 2)),
  })

  const [projectPart] = planner.parts(project.weight)
  const projectWeights = inWholeVectors(projectPart!)
  const variant = scanVariant(conv, project, scan)
  const words = readsWords(variant.dtype, variant.isWide) ? [projectWeights] : []
  planner.dispatch({
    kernel: scanKernel(variant),
    bindings: [
      selection,
      convolved,
      bind(z),
      projectWeights,
      bind(dtBias ?? D),
      bind(A),
      bind(D),
      bind(state),
      bind(convState),
      bind(scan.y),
      ...words,
    ],
    params: [
      project.weight.columnCount,
      dInner,
      ...weightWords(project.weight, projectPart!),
      select.y.columnCount,
      project.x.offset,
      B.offset,
      C.offset,
      ...viewWords(conv.x),
      ...viewWords(z),
      dtBias ? 1 : 0,
    ],
    workgroups: [Math.ceil(dInner / shortScanChannels(variant.groups)), batch],
    bytes:
      weightBytes(project.weight, dInner) +
      4 * dInner * A.columnCount * (2 * batch + 1) +
      4 * dInner * (3 + 5 * batch),
  })
}

/** Whether a device can do these as one step. */
export function canMergeMambaStep(
  capabilities: Capabilities,
  { conv, select, project, scan }: Omit<MambaStepNode, 'op'>,
): boolean {
  const [batch, length] = scan.y.shape as [number, number]
  const { A, z } = scan.args
  const variant = scanVariant(conv, project, scan)
  const bindings = SCAN_BINDINGS + Number(readsWords(variant.dtype, variant.isWide))
  return (
    length === 1 &&
    batch <= MAX_BATCH &&
    conv.args.activation === 'silu' &&
    z?.storage === conv.x.storage &&
    A.columnCount % 4 === 0 &&
    bindings <= capabilities.maxStorageBuffers &&
    4 * selectVariant(capabilities, conv, select).room + RESERVED_BYTES <= capabilities.maxWorkgroupBytes
  )
}

function selectVariant(
  { maxInvocations }: Capabilities,
  { x, args }: CausalConv1dNode,
  { weight }: LinearNode,
): SelectVariant {
  const dtype = weightDType(weight)
  const chunk = elementsOf16Bytes(dtype)
  return {
    dtype,
    isWide: isWide(weight, chunk),
    taps: args.weight.columnCount,
    hasBias: args.bias !== undefined,
    room: Math.ceil(x.columnCount / chunk) * chunk,
    size: Math.min(512, maxInvocations),
  }
}

function scanVariant(
  { args }: CausalConv1dNode,
  { weight }: LinearNode,
  scan: SelectiveScanNode,
): ScanStepVariant {
  const dtype = weightDType(weight)
  const chunk = elementsOf16Bytes(dtype)
  return {
    dtype,
    isWide: isWide(weight, chunk),
    taps: args.weight.columnCount,
    groups: scan.args.A.columnCount / 4,
    room: Math.ceil(weight.columnCount / chunk) * chunk,
  }
}

const selectKernel = perVariant(
  (variant: SelectVariant): Kernel => ({
    label: 'mambaStep, selection',
    code: selectWgsl(variant),
    access: ['read', 'read', 'read', 'read', 'read', 'read', 'write', 'write'],
  }),
)

const scanKernel = perVariant((variant: ScanStepVariant): Kernel => {
  const words = readsWords(variant.dtype, variant.isWide) ? (['read'] as const) : []
  return {
    label: 'mambaStep, scan',
    code: scanStepWgsl(variant),
    access: ['read', 'read', 'read', 'read', 'read', 'read', 'read', 'write', 'write', 'write', ...words],
  }
})
