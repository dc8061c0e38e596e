import { DeviceError } from '@mamba/core'
import type { Mamba3ScanNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { CHUNK_ROWS } from '../blocks/blocks.ts'
import { planMamba3Blocks } from './in-blocks.ts'
import { canStep, planMamba3Step } from './step.ts'

/** From so many positions on, kernels for all of them are faster than one that takes them one after the other. */
const BLOCK_LENGTH = 16

/**
 * `Ops.mamba3Scan`: the recurrence for short calls, the block form for long ones, and for heads that are too large for
 * the other.
 * @throws DeviceError if the keys of a position are too many for both
 */
export function planMamba3Scan(planner: Planner, node: Mamba3ScanNode): void {
  const rank = node.args.BBias.shape[1]!
  const steps = canStep(node.args)
  if (rank > CHUNK_ROWS && !steps) {
    throw new DeviceError(
      `webgpu: mamba3Scan of rank ${rank} and so many states; ${CHUNK_ROWS} ranks are the most`,
    )
  }
  if (steps && (node.y.shape[1]! < BLOCK_LENGTH || rank > CHUNK_ROWS)) planMamba3Step(planner, node)
  else planMamba3Blocks(planner, node)
}
