import type { Tensor } from '@mamba/core'

/*
 * Activations are rows of the last axis, dense or a view of columns: element c of row r lies at
 * `offset + r · stride + c`. Kernels take `offset` and `stride` as parameters.
 */

/** The words that tell a kernel where a view's elements are. */
export function viewWords({ offset, rowStride }: Tensor): [offset: number, stride: number] {
  return [offset, rowStride]
}

/**
 * Workgroups for `count` items of `perWorkgroup` each, spread over two dimensions where one does not suffice. Kernels
 * number them `group.y * groups.x + group.x` and skip those past the end.
 */
export function workgroupsFor(count: number, perWorkgroup: number, maxWorkgroups: number): [number, number] {
  const groups = Math.ceil(count / perWorkgroup)
  if (groups <= maxWorkgroups) return [groups, 1]
  const y = Math.ceil(groups / maxWorkgroups)
  return [Math.ceil(groups / y), y]
}
