import type { Tensor } from '@mamba/core'
import type { Capabilities } from '../../device/capabilities.ts'
import { scaleStart } from '../../memory/layout.ts'
import type { MambaStackNode } from '../../ops/node.ts'
import type { ProgramPlanner } from '../../program/program-planner.ts'
import { type Dispatch, floatBits, type Kernel } from '../../queue/kernel.ts'
import { elementsOf16Bytes, isQuantised, type WeightDType, weightDType } from '../linear/weights.ts'
import { perVariant } from '../per-variant.ts'
import { channelLanes, exchangePlaces, LAYER_WORDS, type StackVariant, stackWgsl } from './stack.wgsl.ts'

/** Workgroup memory that is not for activations, in bytes. */
const RESERVED_BYTES = 4096
/** Weights that are worth a copy of their own; larger models are bound by reading them, not by launches. */
const MAX_WEIGHT_BYTES = 2 ** 29
/** Words of the exchange that the barrier has. */
const FAILED_WORD = 2

/** A step of a whole model in one kernel. Its weights are copied into one buffer, as a kernel binds few. */
export function planMambaStack(planner: ProgramPlanner, node: MambaStackNode): void {
  const { embedding, layers, head } = node
  const variant = variantOf(planner.capabilities, node)
  const { norm } = head
  const packed = planner.pack(
    allWeights(node).map((tensor) => ({ tensor, dtype: isProjection(node, tensor) ? 'f32' : tensor.dtype })),
  )
  const vectorOf = (tensor: Tensor) => packed.offset(tensor) / 16
  const scalesOf = (tensor: Tensor) =>
    isQuantised(tensor.dtype)
      ? packed.offset(tensor) / 4 + scaleStart(tensor.dtype, (tensor.rowCount * tensor.columnCount) / 32)
      : 0
  const stateOf = (tensor: Tensor) => planner.parts(tensor)[0]!.allocation.place().offset / 4
  const table = layers.flatMap(({ input, step, output }) => {
    const { conv, select, project, scan } = step
    const words = [
      vectorOf(input.norm!.weight!),
      vectorOf(input.weight),
      scalesOf(input.weight),
      4 * vectorOf(conv.args.weight),
      conv.args.bias ? 4 * vectorOf(conv.args.bias) : 0,
      vectorOf(select.weight),
      scalesOf(select.weight),
      4 * vectorOf(project.weight),
      4 * vectorOf(scan.args.dtBias!),
      vectorOf(scan.args.A),
      4 * vectorOf(scan.args.D),
      vectorOf(output.weight),
      scalesOf(output.weight),
      stateOf(conv.args.state),
      stateOf(scan.args.state),
    ]
    return [...words, ...new Array(LAYER_WORDS - words.length).fill(0)]
  })
  const state = planner.wholeBuffer(layers[0]!.step.scan.args.state)
  const exchange = planner.zeros(4 * exchangePlaces(variant).end)
  const params = [
    layers.length,
    embedding.table.rowCount,
    vectorOf(embedding.table),
    scalesOf(embedding.table),
    vectorOf(head.weight),
    scalesOf(head.weight),
    vectorOf(norm!.weight!),
    floatBits(norm!.eps),
  ]
  const dispatch: Dispatch = {
    kernel: kernelOf(variant),
    bindings: [
      packed.binding,
      packed.binding,
      planner.constant(Uint32Array.from(table)),
      planner.binding(embedding.ids),
      state,
      exchange,
      planner.binding(head.y),
    ],
    params: [...params, 0],
    workgroups: [variant.workgroups],
    bytes: packed.byteLength,
  }
  planner.dispatch(dispatch)
  planner.rehearse(
    { ...dispatch, params: [...params, 64] },
    { allocation: exchange.allocation, word: FAILED_WORD },
  )
}

/** Whether a device can do these as one kernel. */
export function canStack(planner: ProgramPlanner, node: MambaStackNode): boolean {
  const { capabilities } = planner
  const { embedding, layers, head } = node
  if (capabilities.subgroups?.min !== capabilities.subgroups?.max) return false
  const { dtype, dModel, dInner, dState, lanes } = variantOf(capabilities, node)
  const chunk = elementsOf16Bytes(dtype)
  const matrices = [
    embedding.table,
    head.weight,
    ...layers.flatMap((layer) => [layer.input.weight, layer.step.select.weight, layer.output.weight]),
  ]
  const bytes = allWeights(node).reduce((sum, tensor) => sum + planner.byteLength(tensor), 0)
  const states = layers.flatMap(({ step }) => [step.conv.args.state, step.scan.args.state])
  const buffers = new Set(states.map((tensor) => planner.parts(tensor)[0]!.allocation.place().buffer))
  const epsilons = new Set([head, ...layers.map(({ input }) => input)].map(({ norm }) => norm!.eps))
  return (
    embedding.ids.size === 1 &&
    matrices.every((matrix) => matrix.dtype === dtype && isWhole(planner, matrix)) &&
    dModel % chunk === 0 &&
    dInner % chunk === 0 &&
    dState % 4 === 0 &&
    dState / 4 <= channelLanes(lanes) &&
    dModel <= dInner &&
    buffers.size === 1 &&
    epsilons.size === 1 &&
    layers.every(
      ({ step }) =>
        step.scan.args.dtBias && Boolean(step.conv.args.bias) === Boolean(layers[0]!.step.conv.args.bias),
    ) &&
    4 * (dModel + 2 * dInner) + RESERVED_BYTES <= capabilities.maxWorkgroupBytes &&
    bytes <= Math.min(MAX_WEIGHT_BYTES, capabilities.maxBindingBytes)
  )
}

function variantOf(
  { maxInvocations, subgroups, concurrentWorkgroups }: Capabilities,
  { layers, head }: MambaStackNode,
): StackVariant {
  const { conv, project, scan } = layers[0]!.step
  return {
    dtype: weightDType(head.weight) as WeightDType,
    dModel: head.weight.columnCount,
    dInner: scan.args.A.rowCount,
    dState: scan.args.A.columnCount,
    dtRank: project.weight.columnCount,
    taps: conv.args.weight.columnCount,
    hasConvBias: conv.args.bias !== undefined,
    workgroups: concurrentWorkgroups,
    size: Math.min(1024, maxInvocations),
    lanes: subgroups?.min ?? 1,
  }
}

/** Each once, also an embedding that is the head too. */
function allWeights({ embedding, layers, head }: MambaStackNode): readonly Tensor[] {
  return [...new Set([embedding.table, head.weight, head.norm!.weight!, ...layers.flatMap(weightsOf)])]
}

function weightsOf({ input, step, output }: MambaStackNode['layers'][number]): Tensor[] {
  const { conv, select, project, scan } = step
  const { A, D, dtBias } = scan.args
  const convolution = [conv.args.weight, ...(conv.args.bias ? [conv.args.bias] : [])]
  return [
    input.norm!.weight!,
    input.weight,
    ...convolution,
    select.weight,
    project.weight,
    ...(dtBias ? [dtBias] : []),
    A,
    D,
    output.weight,
  ]
}

function isProjection({ layers }: MambaStackNode, tensor: Tensor): boolean {
  return layers.some(({ step }) => step.project.weight === tensor)
}

function isWhole(planner: ProgramPlanner, tensor: Tensor): boolean {
  return tensor.isDense && tensor.offset === 0 && planner.parts(tensor).length === 1
}

const kernelOf = perVariant(
  (variant: StackVariant): Kernel => ({
    label: 'mambaStack',
    code: stackWgsl(variant),
    access: ['read', 'read', 'read', 'read', 'write', 'write', 'write'],
  }),
)
