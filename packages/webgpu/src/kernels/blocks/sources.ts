import type { Tensor } from '@mamba/core'
import type { Binding } from '../../memory/allocation.ts'
import type { Planner } from '../../planner.ts'
import type { Kernel } from '../../queue/kernel.ts'
import { workgroupsFor } from '../views.ts'
import { gatherWgsl } from './gather.wgsl.ts'

/*
 * Kernels of a single step read many small things: columns of a projection, biases, weights. Devices guarantee 8 storage
 * buffers only. Columns of one tensor are one buffer; and if there are still too many, some are copied into one.
 */

/** Where a kernel finds the elements of a tensor: element c of row r is at offset + r · stride + c of a buffer. */
interface Place {
  readonly buffer: number
  readonly offset: number
  readonly stride: number
}

/** What a kernel reads, and from which buffers. */
export interface Sources<Name extends string> {
  readonly bindings: readonly Binding[]
  readonly places: Readonly<Record<Name, Place>>
}

/**
 * Buffers for all tensors, at most `maxBuffers`: one for each group, and one for the copies of what does not fit.
 * @param tensors f32, dense or views of columns
 * @param groups names of tensors that models have side by side in one, the largest groups first; a group that is not is
 * copied
 */
export function sourcesOf<Name extends string>(
  planner: Planner,
  tensors: Readonly<Record<Name, Tensor>>,
  groups: readonly (readonly Name[])[],
  maxBuffers: number,
): Sources<Name> {
  const isOne = (names: readonly Name[]) =>
    new Set(names.map((name) => planner.binding(tensors[name]).allocation)).size === 1
  const whole = groups.filter(isOne)
  const bound =
    whole.length === groups.length && whole.length <= maxBuffers ? whole : whole.slice(0, maxBuffers - 1)
  const bindings = bound.map(([name]) => planner.binding(tensors[name!]))
  const places = {} as Record<Name, Place>
  for (const [buffer, names] of bound.entries()) {
    for (const name of names) {
      places[name] = { buffer, offset: tensors[name].offset, stride: tensors[name].rowStride }
    }
  }
  const copied = groups.filter((names) => !bound.includes(names)).flat()
  if (copied.length > 0) {
    const { allocation, offsets } = gather(
      planner,
      copied.map((name) => tensors[name]),
    )
    bindings.push({ allocation })
    for (const [i, name] of copied.entries()) {
      places[name] = { buffer: bound.length, offset: offsets[i]!, stride: tensors[name].columnCount }
    }
  }
  return { bindings, places }
}

/** The offset and stride of every tensor, in the order of the names. */
export function placeWords<Name extends string>({ places }: Sources<Name>, names: readonly Name[]): number[] {
  return names.flatMap((name) => [places[name].offset, places[name].stride])
}

/** What the text of {@link sourcesWgsl} depends on. */
export function sourcesKey<Name extends string>({ places }: Sources<Name>): string {
  return (Object.keys(places) as Name[]).map((name) => `${name} ${places[name].buffer}`).join()
}

/**
 * WGSL: the buffers, as the first bindings, and for each tensor `<name>_at(row, column)`; the uniform `dims` has
 * `<name>_offset` and `<name>_stride`.
 */
export function sourcesWgsl<Name extends string>({ bindings, places }: Sources<Name>): string {
  const buffers = bindings.map(
    (_, i) => `@group(0) @binding(${i}) var<storage, read> source${i}: array<f32>;\n`,
  )
  const functions = (Object.keys(places) as Name[]).map(
    (name) => `fn ${name}_at(row: u32, column: u32) -> f32 {
  return source${places[name].buffer}[dims.${name}_offset + row * dims.${name}_stride + column];
}\n`,
  )
  return buffers.join('') + functions.join('')
}

/** WGSL: members of `dims`. */
export function placeMembers(names: readonly string[]): string {
  return names.map((name) => `${name}_offset: u32, ${name}_stride: u32,`).join('\n  ')
}

const gatherKernels: Kernel[] = []

/** Copies tensors, dense, one after the other. @returns where, and at which elements each begins */
function gather(planner: Planner, tensors: readonly Tensor[]) {
  const allocation = planner.scratch(4 * tensors.reduce((sum, { size }) => sum + size, 0))
  const perDispatch = planner.capabilities.maxStorageBuffers - 1
  const offsets: number[] = []
  let start = 0
  for (let first = 0; first < tensors.length; first += perDispatch) {
    const own = tensors.slice(first, first + perDispatch)
    const params = [start, 0, 0, 0]
    for (const { size, columnCount, offset, rowStride } of own) {
      offsets.push(start)
      start += size
      params.push(start, columnCount, offset, rowStride)
    }
    const count = start - params[0]!
    const { maxWorkgroups } = planner.capabilities
    gatherKernels[own.length] ??= {
      label: 'gather',
      code: gatherWgsl(own.length),
      access: [...own.map(() => 'read' as const), 'write'],
    }
    planner.dispatch({
      kernel: gatherKernels[own.length]!,
      bindings: [...own.map((tensor) => planner.binding(tensor)), { allocation }],
      params,
      workgroups: workgroupsFor(count, 256, maxWorkgroups),
      bytes: 8 * count,
    })
  }
  return { allocation, offsets }
}
