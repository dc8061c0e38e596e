import type { Binding } from '../../memory/allocation.ts'
import type { LinearNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { workgroupsFor } from '../views.ts'
import { sumSplitsWgsl } from './sum-splits.wgsl.ts'

/** Rows and columns of y that a workgroup computes. */
export const tileSizes = { large: 128, small: 64 } as const

/** How the product of many rows is divided among workgroups: how fast, not what. */
export interface Division {
  readonly tile: keyof typeof tileSizes
  /** Workgroups that share the columns of x. */
  readonly splits: number
}

/** Workgroups that keep a large card busy: one for each core. */
const MANY_WORKGROUPS = 128
/** Columns of x that a workgroup should have at least, where they are split. */
const MIN_SPLIT = 128
const MAX_SPLITS = 8

const sumSplits: Kernel = { label: 'linear, splits', code: sumSplitsWgsl, access: ['read', 'read', 'write'] }

/** Tiles as large as possible, for they read less, but enough workgroups for all cores. */
export function divisionOf({ x, weight }: LinearNode): Division {
  const [dOut, dIn] = weight.shape as [number, number]
  const workgroups = (tile: number) => Math.ceil(x.rowCount / tile) * Math.ceil(dOut / tile)
  if (workgroups(tileSizes.large) >= MANY_WORKGROUPS) return { tile: 'large', splits: 1 }
  const wanted = Math.floor((2 * MANY_WORKGROUPS) / workgroups(tileSizes.small))
  return { tile: 'small', splits: Math.max(1, Math.min(wanted, Math.floor(dIn / MIN_SPLIT), MAX_SPLITS)) }
}

/**
 * Where workgroups put their sums: into y, or, where the columns of x are split, into memory from which `finish` adds
 * them up.
 * @param sums (splits, rows, all outputs)
 */
export interface SplitSums {
  readonly sums: Binding
  finish(): void
}

/** Prepares for sums of a number of splits. */
export function splitSums(planner: Planner, { x, weight, bias, y }: LinearNode, splits: number): SplitSums {
  if (splits === 1) return { sums: planner.binding(y), finish: () => {} }
  const rows = x.rowCount
  const dOut = weight.rowCount
  const sums: Binding = { allocation: planner.scratch(4 * splits * rows * dOut) }
  const finish = () =>
    planner.dispatch({
      kernel: sumSplits,
      bindings: [sums, planner.binding(bias ?? x), planner.binding(y)],
      params: [splits, rows, dOut, bias ? 1 : 0],
      workgroups: workgroupsFor(rows * dOut, 256, planner.capabilities.maxWorkgroups),
      bytes: 4 * (splits + 1) * rows * dOut,
    })
  return { sums, finish }
}
