import type { Ops, Tensor } from '@mamba/core'
import { type Floats, joinAxis, sliceAxis, type Tolerance } from '@mamba/testing'
import type fc from 'fast-check'
import type { Columns, Workbench } from './workbench.ts'

/** An array and its shape. */
interface Shaped {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** A recurrent op's arrays, by what happens to them when a call is split up. */
export interface RecurrentInputs<
  S extends string = string,
  W extends string = string,
  H extends string = string,
> {
  /** (batch, length, width) each: cut along time and along the batch. */
  readonly sequences: Readonly<Record<S, Columns>>
  /** The same for all positions and all sequences. */
  readonly weights: Readonly<Record<W, Shaped>>
  /** Shape without the batch, data with it: handed on from call to call, cut along the batch. */
  readonly state: Readonly<Record<H, Shaped>>
}

/** {@link RecurrentInputs} on a backend. */
interface RecurrentTensors<S extends string, W extends string, H extends string> {
  readonly sequences: Readonly<Record<S, Tensor>>
  readonly weights: Readonly<Record<W, Tensor>>
  readonly state: Readonly<Record<H, Tensor>>
}

/** A result, (batch, length, width), and the state that it leaves. */
export interface Outcome<H extends string> {
  readonly y: Floats
  readonly state: Readonly<Record<H, Floats>>
}

/** What the specification gives, and how large that would be if nothing cancelled. */
export interface Expected<H extends string> extends Outcome<H> {
  readonly scale: Outcome<H>
}

export interface RecurrentDims {
  readonly batch: number
  readonly length: number
}

/** An op of `Ops` that carries a state along its sequences, with its specification. */
export interface RecurrentOp<
  Dims extends RecurrentDims,
  S extends string,
  W extends string,
  H extends string,
> {
  readonly name: string
  readonly dims: (maxSize: number) => fc.Arbitrary<Dims>
  readonly inputs: (dims: Dims, seed: number) => RecurrentInputs<S, W, H>
  /** Size of the result's last axis. */
  readonly outputWidth: (dims: Dims) => number
  readonly call: (ops: Ops, tensors: RecurrentTensors<S, W, H>, dims: Dims) => Tensor
  readonly reference: (inputs: RecurrentInputs<S, W, H>, dims: Dims) => Expected<H>
  readonly tolerance: Tolerance
  /** For states that mean the same when they differ by a multiple of it, such as angles. */
  readonly period?: Readonly<Partial<Record<H, number>>>
}

/**
 * Calls the op on piece after piece of the sequences, with one state.
 * @param lengths of the pieces; default: all in one call
 */
export async function run<Dims extends RecurrentDims, S extends string, W extends string, H extends string>(
  workbench: Workbench,
  op: RecurrentOp<Dims, S, W, H>,
  inputs: RecurrentInputs<S, W, H>,
  dims: Dims,
  lengths: readonly number[] = [dims.length],
): Promise<Outcome<H>> {
  const { batch, length } = dims
  const weights = mapValues(inputs.weights, ({ data, shape }) => workbench.dense(data, shape))
  const state = mapValues(inputs.state, ({ data, shape }) => workbench.inPlace(data, [batch, ...shape]))
  const width = op.outputWidth(dims)
  const ys: Floats[] = [new Float32Array(0)]
  let start = 0
  for (const count of lengths) {
    const piece = cutTime(inputs.sequences, dims, start, start + count)
    const sequences = workbench.activations(piece, [batch, count])
    const call = () => op.call(workbench.ops, { sequences, weights, state }, { ...dims, length: count })
    ys.push(await workbench.read([batch, count, width], call))
    start += count
  }
  const left = await Promise.all(Object.values<Tensor>(state).map((tensor) => tensor.read()))
  const names = Object.keys(state) as H[]
  return {
    y: joinAxis(ys, [batch, length, width], 1),
    state: Object.fromEntries(names.map((name, i) => [name, left[i]])) as Record<H, Float32Array>,
  }
}

/** Positions `start` to `end` of all sequences. */
function cutTime<S extends string>(
  sequences: Readonly<Record<S, Columns>>,
  { batch, length }: RecurrentDims,
  start: number,
  end: number,
): Record<S, Columns> {
  return mapValues(sequences, ({ data, width }) => ({
    data: sliceAxis(data, [batch, length, width], 1, start, end),
    width,
  }))
}

/** The inputs before position t, those of `other` from there on; weights and state as they are. */
export function spliceAt<S extends string, W extends string, H extends string>(
  inputs: RecurrentInputs<S, W, H>,
  other: RecurrentInputs<S, W, H>,
  dims: RecurrentDims,
  t: number,
): RecurrentInputs<S, W, H> {
  const before = cutTime(inputs.sequences, dims, 0, t)
  const after = cutTime(other.sequences, dims, t, dims.length)
  const sequences = mapValues(before, ({ data, width }, name) => ({
    data: joinAxis([data, after[name].data], [dims.batch, dims.length, width], 1),
    width,
  }))
  return { ...inputs, sequences }
}

/** The inputs of one sequence of the batch. */
export function selectSequence<S extends string, W extends string, H extends string>(
  { sequences, weights, state }: RecurrentInputs<S, W, H>,
  batch: number,
  b: number,
): RecurrentInputs<S, W, H> {
  const select = <T extends { readonly data: Float32Array }>(array: T) => ({
    ...array,
    data: partOfBatch(array.data, batch, b),
  })
  return { sequences: mapValues(sequences, select), weights, state: mapValues(state, select) }
}

/** Row b of a (batch, …) array. */
export function partOfBatch<T extends Floats>(data: T, batch: number, b: number): T {
  return sliceAxis(data, [batch, data.length / batch], 0, b, b + 1)
}

/** The same names with other values. */
export function mapValues<Name extends string, T, R>(
  record: Readonly<Record<Name, T>>,
  map: (value: T, name: Name) => R,
): Record<Name, R> {
  const entries = Object.entries(record) as [Name, T][]
  return Object.fromEntries(entries.map(([name, value]) => [name, map(value, name)])) as Record<Name, R>
}
