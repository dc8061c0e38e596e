import {
  byteLength,
  type DType,
  elementCount,
  type TypedArray,
  typedArrayOf,
  weightDTypes,
} from '../dtype.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import type {
  CausalConv1dArgs,
  Mamba3ScanArgs,
  RmsNormArgs,
  SampleArgs,
  SelectiveScanArgs,
  SsdArgs,
} from './ops.ts'

/*
 * What every backend checks at its door: the ops' arguments against each other. Each function returns the sizes that
 * the op needs, so that no backend works them out again.
 */

type Sizes = readonly (number | undefined)[]

/** @throws ShapeError unless `tensor` has the expected shape; `undefined` stands for any size */
function expectShape(op: string, name: string, tensor: Tensor, expected: Sizes, axes: string): void {
  const { shape } = tensor
  if (
    shape.length === expected.length &&
    shape.every((size, i) => expected[i] === undefined || expected[i] === size)
  ) {
    return
  }
  const wanted = expected.map((size) => size ?? '?').join(', ')
  throw new ShapeError(`${op}: ${name} is [${shape.join(', ')}]; expected [${wanted}] ${axes}`)
}

function expectDType(op: string, name: string, tensor: Tensor, ...allowed: readonly DType[]): void {
  if (!allowed.includes(tensor.dtype)) {
    throw new DTypeError(`${op}: ${name} is ${tensor.dtype}; expected ${allowed.join(' or ')}`)
  }
}

/** An f32 tensor of the expected shape. */
function expectF32(op: string, name: string, tensor: Tensor, expected: Sizes, axes: string): void {
  expectShape(op, name, tensor, expected, axes)
  expectDType(op, name, tensor, 'f32')
}

/** An f32 tensor of the expected shape without gaps, such as a state, a norm's weight or a bias. */
function expectDenseF32(op: string, name: string, tensor: Tensor, expected: Sizes, axes: string): void {
  expectF32(op, name, tensor, expected, axes)
  expectDense(op, name, tensor)
}

function expectDense(op: string, name: string, tensor: Tensor): void {
  if (!tensor.isDense) throw new ShapeError(`${op}: ${name} is a view of columns; expected a dense tensor`)
}

function batchAndLength(op: string, name: string, tensor: Tensor, axes: string): [number, number, number] {
  expectF32(op, name, tensor, [undefined, undefined, undefined], axes)
  return tensor.shape as unknown as [number, number, number]
}

/** @throws ShapeError unless `divisor` is a positive divisor of `size` */
function expectDivides(op: string, what: string, divisor: number, size: number): void {
  if (!(Number.isInteger(divisor) && divisor > 0 && size % divisor === 0)) {
    throw new ShapeError(`${op}: ${what} is ${divisor}; expected a divisor of ${size}`)
  }
}

export function checkEmbedding(table: Tensor, ids: Tensor) {
  expectShape('embedding', 'table', table, [undefined, undefined], '(vocabulary, size)')
  expectDType('embedding', 'table', table, ...weightDTypes)
  expectShape('embedding', 'ids', ids, [undefined, undefined], '(batch, length)')
  expectDType('embedding', 'ids', ids, 'i32')
  const [vocabulary, size] = table.shape as [number, number]
  const [batch, length] = ids.shape as [number, number]
  return { vocabulary, size, batch, length }
}

/** @throws ShapeError naming the first id that is outside the table */
export function checkIds(op: string, ids: Int32Array, vocabulary: number): void {
  const bad = ids.find((id) => id < 0 || id >= vocabulary)
  if (bad !== undefined) throw new ShapeError(`${op}: id ${bad} is outside the vocabulary of ${vocabulary}`)
}

export function checkLinear(x: Tensor, weight: Tensor, bias: Tensor | undefined) {
  expectShape('linear', 'weight', weight, [undefined, undefined], '(out, in)')
  expectDType('linear', 'weight', weight, ...weightDTypes)
  const [dOut, dIn] = weight.shape as [number, number]
  expectF32('linear', 'x', x, [...x.shape.slice(0, -1), dIn], '(…, in)')
  if (bias) expectDenseF32('linear', 'bias', bias, [dOut], '(out)')
  return { rows: x.rowCount, dIn, dOut }
}

export function checkElementwise(op: string, ...tensors: readonly Tensor[]): void {
  const first = tensors[0]!
  for (const [i, tensor] of tensors.entries()) {
    expectF32(op, `argument ${i + 1}`, tensor, first.shape, '(as argument 1)')
  }
}

export function checkRmsNorm(x: Tensor, { weight, groupSize, gate }: RmsNormArgs) {
  const size = x.columnCount
  expectF32('rmsNorm', 'x', x, [...x.shape.slice(0, -1), undefined], '(…, size)')
  const group = groupSize ?? size
  if (size > 0) expectDivides('rmsNorm', 'groupSize', group, size)
  if (weight) {
    const shared = weight.columnCount === group ? group : size
    expectDenseF32('rmsNorm', 'weight', weight, [shared], '(size) or (groupSize)')
  }
  if (gate) expectF32('rmsNorm', 'gate', gate, x.shape, '(as x)')
  return { rows: x.rowCount, size, groupSize: group }
}

export function checkCausalConv1d(x: Tensor, { weight, bias, state }: CausalConv1dArgs) {
  const op = 'causalConv1d'
  const [batch, length, channels] = batchAndLength(op, 'x', x, '(batch, length, channels)')
  expectDenseF32(op, 'weight', weight, [channels, undefined], '(channels, K)')
  const kernel = weight.columnCount
  if (kernel < 1) throw new ShapeError(`${op}: weight has no taps; expected K ≥ 1`)
  if (bias) expectDenseF32(op, 'bias', bias, [channels], '(channels)')
  expectDenseF32(op, 'state', state, [batch, channels, kernel - 1], '(batch, channels, K−1)')
  return { batch, length, channels, kernel }
}

export function checkSelectiveScan({ u, dt, dtBias, A, B, C, D, z, state }: SelectiveScanArgs) {
  const op = 'selectiveScan'
  const [batch, length, dInner] = batchAndLength(op, 'u', u, '(batch, length, dInner)')
  expectF32(op, 'dt', dt, u.shape, '(batch, length, dInner)')
  if (dtBias) expectDenseF32(op, 'dtBias', dtBias, [dInner], '(dInner)')
  expectDenseF32(op, 'A', A, [dInner, undefined], '(dInner, dState)')
  const dState = A.columnCount
  expectF32(op, 'B', B, [batch, length, dState], '(batch, length, dState)')
  expectF32(op, 'C', C, [batch, length, dState], '(batch, length, dState)')
  expectDenseF32(op, 'D', D, [dInner], '(dInner)')
  if (z) expectF32(op, 'z', z, u.shape, '(batch, length, dInner)')
  expectDenseF32(op, 'state', state, [batch, dInner, dState], '(batch, dInner, dState)')
  return { batch, length, dInner, dState }
}

export function checkSsd({ x, dt, dtBias, dtLimit, A, B, C, D, state }: SsdArgs) {
  const op = 'ssd'
  const [batch, length, dInner] = batchAndLength(op, 'x', x, '(batch, length, nHeads · headDim)')
  expectDenseF32(op, 'A', A, [undefined], '(nHeads)')
  const nHeads = A.columnCount
  expectDivides(op, 'nHeads (size of A)', nHeads, dInner)
  const headDim = dInner / nHeads
  expectF32(op, 'dt', dt, [batch, length, nHeads], '(batch, length, nHeads)')
  expectDenseF32(op, 'dtBias', dtBias, [nHeads], '(nHeads)')
  if (!(dtLimit[0] <= dtLimit[1]))
    throw new ShapeError(`${op}: dtLimit is [${dtLimit}]; expected smallest, largest`)
  expectDenseF32(op, 'state', state, [batch, nHeads, headDim, undefined], '(batch, nHeads, headDim, dState)')
  const dState = state.columnCount
  expectDivides(op, 'dState (last axis of state)', dState, B.columnCount)
  const nGroups = B.columnCount / dState
  expectDivides(op, 'nGroups (columns of B over dState)', nGroups, nHeads)
  expectF32(op, 'B', B, [batch, length, nGroups * dState], '(batch, length, nGroups · dState)')
  expectF32(op, 'C', C, [batch, length, nGroups * dState], '(batch, length, nGroups · dState)')
  const perChannel = D.columnCount === dInner
  expectDenseF32(op, 'D', D, [perChannel ? dInner : nHeads], '(nHeads) or (nHeads · headDim)')
  return { batch, length, nHeads, headDim, nGroups, dState }
}

export function checkMamba3Scan(args: Mamba3ScanArgs) {
  const op = 'mamba3Scan'
  const { x, z, B, C, dt, ddA, trap, angles, dtBias, BBias, CBias, D, mimo, norm, state } = args
  const [batch, length, dInner] = batchAndLength(op, 'x', x, '(batch, length, nHeads · headDim)')
  expectDenseF32(op, 'BBias', BBias, [undefined, undefined, undefined], '(nHeads, rank, dState)')
  const [nHeads, rank, dState] = BBias.shape as [number, number, number]
  expectDivides(op, 'nHeads (first axis of BBias)', nHeads, dInner)
  const headDim = dInner / nHeads
  expectDivides(op, 'rank · dState', rank * dState, B.columnCount)
  const nGroups = B.columnCount / (rank * dState)
  expectDivides(op, 'nGroups (columns of B over rank · dState)', nGroups, nHeads)
  if (!mimo && rank !== 1) throw new ShapeError(`${op}: rank is ${rank} without mimo; expected 1`)
  expectDenseF32(op, 'CBias', CBias, BBias.shape, '(nHeads, rank, dState)')
  expectF32(op, 'z', z, x.shape, '(as x)')
  expectF32(op, 'B', B, [batch, length, rank * nGroups * dState], '(batch, length, rank · nGroups · dState)')
  expectF32(op, 'C', C, B.shape, '(as B)')
  for (const [name, tensor] of Object.entries({ dt, ddA, trap })) {
    expectF32(op, name, tensor, [batch, length, nHeads], '(batch, length, nHeads)')
  }
  expectF32(op, 'angles', angles, [batch, length, undefined], '(batch, length, nAngles)')
  const nAngles = angles.columnCount
  if (2 * nAngles > dState)
    throw new ShapeError(`${op}: ${nAngles} angles rotate more than dState ${dState} elements`)
  if (mimo && dState % 2 !== 0) {
    throw new ShapeError(
      `${op}: dState is ${dState}; expected an even number, as MIMO rotates its two halves`,
    )
  }
  expectDenseF32(op, 'dtBias', dtBias, [nHeads], '(nHeads)')
  expectDenseF32(op, 'D', D, [nHeads], '(nHeads)')
  for (const [name, tensor] of Object.entries(mimo ?? {})) {
    expectDenseF32(op, `mimo.${name}`, tensor, [nHeads, rank, headDim], '(nHeads, rank, headDim)')
  }
  if (norm) expectDenseF32(op, 'norm.weight', norm.weight, [dInner], '(nHeads · headDim)')
  expectDenseF32(op, 'state.angle', state.angle, [batch, nHeads, nAngles], '(batch, nHeads, nAngles)')
  expectDenseF32(
    op,
    'state.ssm',
    state.ssm,
    [batch, nHeads, headDim, dState],
    '(batch, nHeads, headDim, dState)',
  )
  expectDenseF32(op, 'state.k', state.k, [batch, rank, nHeads, dState], '(batch, rank, nHeads, dState)')
  expectDenseF32(op, 'state.v', state.v, [batch, nHeads, headDim], '(batch, nHeads, headDim)')
  return { batch, length, rank, nHeads, headDim, nGroups, dState, nAngles }
}

export function checkPositions(x: Tensor, start: number, end: number) {
  const [batch, length, size] = batchAndLength('positions', 'x', x, '(batch, length, size)')
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length)) {
    throw new ShapeError(
      `positions: range ${start}..${end} is not inside the length of [${x.shape.join(', ')}]`,
    )
  }
  return { batch, length, size }
}

export function checkCrossEntropy(logits: Tensor, targets: Tensor) {
  const op = 'crossEntropy'
  const [batch, length, vocabulary] = batchAndLength(op, 'logits', logits, '(batch, length, vocabulary)')
  expectShape(op, 'targets', targets, [batch, length], '(batch, length)')
  expectDType(op, 'targets', targets, 'i32')
  return { batch, length, vocabulary }
}

export function checkSample(logits: Tensor, { vocabSize, position, history }: SampleArgs) {
  expectF32('sample', 'logits', logits, [undefined, 1, undefined], '(batch, 1, vocabulary)')
  const [batch, , vocabulary] = logits.shape as [number, 1, number]
  if (!(Number.isInteger(vocabSize) && vocabSize >= 1 && vocabSize <= vocabulary)) {
    throw new ShapeError(
      `sample: vocabSize is ${vocabSize}; expected 1 to ${vocabulary}, the size of the logits`,
    )
  }
  if (typeof position !== 'number') {
    expectShape('sample', 'position', position, [1], '(a counter)')
    expectDType('sample', 'position', position, 'i32')
    expectDense('sample', 'position', position)
  }
  for (const [name, counts] of Object.entries(history ?? {})) {
    expectShape('sample', `history.${name}`, counts, [batch, vocabulary], '(batch, vocabulary)')
    expectDType('sample', `history.${name}`, counts, 'i32')
    expectDense('sample', `history.${name}`, counts)
  }
  return { batch, vocabulary }
}

/** @throws ShapeError unless `data` is what stores exactly the elements of `shape` */
export function checkElements(op: string, data: TypedArray, shape: readonly number[], dtype: DType): void {
  const expected = byteLength(dtype, shape)
  const Storage = typedArrayOf(dtype, new Uint8Array(0)).constructor
  if (data.byteLength === expected && data.constructor === Storage) return
  throw new ShapeError(
    `${op}: data is a ${data.constructor.name} of ${data.byteLength} bytes; expected the ` +
      `${elementCount(shape)} elements of ${dtype} [${shape.join(', ')}], ${expected} bytes`,
  )
}

/** @throws ShapeError unless both are dense and of the same shape and dtype */
export function checkCopy(from: Tensor, to: Tensor): void {
  const isSame = from.dtype === to.dtype && from.shape.join() === to.shape.join()
  if (isSame && from.isDense && to.isDense) return
  throw new ShapeError(
    `copy: from is ${from.dtype} [${from.shape.join(', ')}], to is ${to.dtype} [${to.shape.join(', ')}]; ` +
      'expected two dense tensors of the same shape and dtype',
  )
}
