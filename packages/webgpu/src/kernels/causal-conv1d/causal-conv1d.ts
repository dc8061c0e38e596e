import type { CausalConv1dNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { type ConvVariant, causalConv1dWgsl } from './causal-conv1d.wgsl.ts'

/** Positions of an invocation where there are enough of them. */
const MAX_TILE = 16

/** `Ops.causalConv1d`. */
export function planCausalConv1d(planner: Planner, { x, args, y }: CausalConv1dNode): void {
  const { weight, bias, state, activation } = args
  const [batch, length, channels] = x.shape as [number, number, number]
  const taps = weight.columnCount
  const tile = tileFor(length, taps)
  const tiles = Math.ceil(length / tile)
  planner.dispatch({
    kernel: kernelOf({ taps, tile, hasBias: bias !== undefined, activation }),
    bindings: [x, weight, bias ?? weight, state, y].map((tensor) => planner.binding(tensor)),
    params: [batch, length, channels, tiles, ...viewWords(x)],
    workgroups: workgroupsFor(batch * tiles * channels, 64, planner.capabilities.maxWorkgroups),
    bytes: 4 * channels * (2 * batch * length + taps + 2 * batch * (taps - 1)),
  })
}

/** Positions of an invocation: a power of two, so that there are few kernels, unless there are many taps. */
function tileFor(length: number, taps: number): number {
  let tile = 1
  while (tile < Math.min(length, MAX_TILE)) tile *= 2
  return length > tile ? Math.max(tile, taps - 1) : tile
}

const kernelOf = perVariant(
  (variant: ConvVariant): Kernel => ({
    label: `causalConv1d, ${variant.tile} positions`,
    code: causalConv1dWgsl(variant),
    access: ['read', 'read', 'read', 'write', 'write'],
  }),
)
