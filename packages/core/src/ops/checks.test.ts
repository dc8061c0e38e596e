import { describe, expect, test } from 'vitest'
import { cpu } from '../cpu/backend.ts'
import type { DType } from '../dtype.ts'
import type { MambaErrorName } from '../errors.ts'
import { resolveSampling } from '../sampling/index.ts'
import type { Tensor } from '../tensor.ts'
import {
  checkCausalConv1d,
  checkCrossEntropy,
  checkElementwise,
  checkEmbedding,
  checkIds,
  checkLinear,
  checkMamba3Scan,
  checkPositions,
  checkRmsNorm,
  checkSample,
  checkSelectiveScan,
  checkSsd,
} from './checks.ts'

const backend = cpu()
const zeros = (shape: readonly number[], dtype?: DType): Tensor => backend.zeros(shape, dtype)
/** A view that has the shape of a dense tensor and gaps between its rows. */
const view = (...shape: number[]): Tensor => {
  const width = shape.at(-1)!
  return zeros([...shape.slice(0, -1), width + 1]).columns(0, width)
}

type Refusal<Args> = [wrong: Partial<Args>, name: MambaErrorName, message: string]

/** Asserts that the good arguments pass, and that each wrong one is refused with exactly its message. */
function describeCheck<Args extends object>(
  op: string,
  check: (args: Args) => unknown,
  good: Args,
  sizes: unknown,
  refusals: readonly Refusal<Args>[],
): void {
  describe(op, () => {
    test('returns the sizes of arguments that fit together', () => {
      expect(check(good)).toEqual(sizes)
    })

    for (const [wrong, name, message] of refusals) {
      test(`refuses: ${message}`, () => {
        let error: unknown
        try {
          check({ ...good, ...wrong })
        } catch (caught) {
          error = caught
        }
        expect(error).toMatchObject({ name, message: `${op}: ${message}` })
      })
    }
  })
}

describeCheck(
  'embedding',
  ({ table, ids }) => checkEmbedding(table, ids),
  { table: zeros([7, 32], 'q8_0'), ids: zeros([2, 3], 'i32') },
  { vocabulary: 7, size: 32, batch: 2, length: 3 },
  [
    [{ table: zeros([7]) }, 'ShapeError', 'table is [7]; expected [?, ?] (vocabulary, size)'],
    [
      { table: zeros([7, 3], 'i32') },
      'DTypeError',
      'table is i32; expected f32 or f16 or bf16 or q8_0 or q4_0',
    ],
    [{ ids: zeros([3], 'i32') }, 'ShapeError', 'ids is [3]; expected [?, ?] (batch, length)'],
    [{ ids: zeros([2, 3], 'u32') }, 'DTypeError', 'ids is u32; expected i32'],
  ],
)

describe('checkIds', () => {
  test('passes ids of the vocabulary, and no ids', () => {
    expect(() => checkIds('embedding', Int32Array.of(0, 4, 2), 5)).not.toThrow()
    expect(() => checkIds('embedding', Int32Array.of(), 0)).not.toThrow()
  })

  test.each([-1, 5, 2 ** 31 - 1])('names the id %i, which is outside', (id) => {
    expect(() => checkIds('embedding', Int32Array.of(0, id, -9), 5)).toThrow(
      `embedding: id ${id} is outside the vocabulary of 5`,
    )
  })
})

describeCheck(
  'linear',
  ({ x, weight, bias }) => checkLinear(x, weight, bias),
  { x: view(2, 3, 4), weight: view(5, 4), bias: zeros([5]) as Tensor | undefined },
  { rows: 6, dIn: 4, dOut: 5 },
  [
    [{ x: zeros([2, 3, 3]) }, 'ShapeError', 'x is [2, 3, 3]; expected [2, 3, 4] (…, in)'],
    [{ x: zeros([]) }, 'ShapeError', 'x is []; expected [4] (…, in)'],
    [{ x: zeros([2, 4], 'f16') }, 'DTypeError', 'x is f16; expected f32'],
    [{ weight: zeros([5, 4, 1]) }, 'ShapeError', 'weight is [5, 4, 1]; expected [?, ?] (out, in)'],
    [
      { weight: zeros([5, 4], 'u8') },
      'DTypeError',
      'weight is u8; expected f32 or f16 or bf16 or q8_0 or q4_0',
    ],
    [{ bias: zeros([4]) }, 'ShapeError', 'bias is [4]; expected [5] (out)'],
    [{ bias: zeros([5], 'bf16') }, 'DTypeError', 'bias is bf16; expected f32'],
    [{ bias: view(5) }, 'ShapeError', 'bias is a view of columns; expected a dense tensor'],
  ],
)

describeCheck(
  'add',
  ({ a, b }) => checkElementwise('add', a, b),
  { a: view(2, 3), b: zeros([2, 3]) },
  undefined,
  [
    [{ b: zeros([3, 2]) }, 'ShapeError', 'argument 2 is [3, 2]; expected [2, 3] (as argument 1)'],
    [{ b: zeros([3]) }, 'ShapeError', 'argument 2 is [3]; expected [2, 3] (as argument 1)'],
    [{ a: zeros([2, 3], 'i32') }, 'DTypeError', 'argument 1 is i32; expected f32'],
    [{ b: zeros([2, 3], 'f16') }, 'DTypeError', 'argument 2 is f16; expected f32'],
  ],
)

const norm = { eps: 1e-5, weight: zeros([6]), groupSize: 3, gate: view(2, 6) }

describeCheck(
  'rmsNorm',
  ({ x, ...args }) => checkRmsNorm(x, args),
  { x: view(2, 6), ...norm },
  { rows: 2, size: 6, groupSize: 3 },
  [
    [{ x: zeros([]) }, 'ShapeError', 'x is []; expected [?] (…, size)'],
    [{ x: zeros([2, 6], 'f16') }, 'DTypeError', 'x is f16; expected f32'],
    [{ groupSize: 4 }, 'ShapeError', 'groupSize is 4; expected a divisor of 6'],
    [{ groupSize: 0 }, 'ShapeError', 'groupSize is 0; expected a divisor of 6'],
    [{ weight: zeros([4]) }, 'ShapeError', 'weight is [4]; expected [6] (size) or (groupSize)'],
    [{ weight: view(3) }, 'ShapeError', 'weight is a view of columns; expected a dense tensor'],
    [{ gate: zeros([6, 2]) }, 'ShapeError', 'gate is [6, 2]; expected [2, 6] (as x)'],
  ],
)

test('rmsNorm: the weight may be shared by the groups, and the group is the whole axis by default', () => {
  expect(checkRmsNorm(zeros([2, 6]), { eps: 1e-5, groupSize: 3, weight: zeros([3]) })).toMatchObject({
    groupSize: 3,
  })
  expect(checkRmsNorm(zeros([2, 6]), { eps: 1e-5 })).toEqual({ rows: 2, size: 6, groupSize: 6 })
})

describeCheck(
  'causalConv1d',
  ({ x, ...args }) => checkCausalConv1d(x, args),
  {
    x: view(2, 5, 3),
    weight: zeros([3, 4]),
    bias: zeros([3]),
    state: zeros([2, 3, 3]),
    activation: 'silu' as const,
  },
  { batch: 2, length: 5, channels: 3, kernel: 4 },
  [
    [{ x: zeros([5, 3]) }, 'ShapeError', 'x is [5, 3]; expected [?, ?, ?] (batch, length, channels)'],
    [{ weight: zeros([4, 4]) }, 'ShapeError', 'weight is [4, 4]; expected [3, ?] (channels, K)'],
    [{ weight: zeros([3, 0]) }, 'ShapeError', 'weight has no taps; expected K ≥ 1'],
    [{ weight: zeros([3, 4], 'f16') }, 'DTypeError', 'weight is f16; expected f32'],
    [{ bias: zeros([4]) }, 'ShapeError', 'bias is [4]; expected [3] (channels)'],
    [
      { state: zeros([2, 3, 4]) },
      'ShapeError',
      'state is [2, 3, 4]; expected [2, 3, 3] (batch, channels, K−1)',
    ],
    [{ state: view(2, 3, 3) }, 'ShapeError', 'state is a view of columns; expected a dense tensor'],
  ],
)

describeCheck(
  'selectiveScan',
  checkSelectiveScan,
  {
    u: view(2, 5, 3),
    dt: view(2, 5, 3),
    dtBias: zeros([3]),
    A: zeros([3, 4]),
    B: view(2, 5, 4),
    C: view(2, 5, 4),
    D: zeros([3]),
    z: view(2, 5, 3),
    state: zeros([2, 3, 4]),
  },
  { batch: 2, length: 5, dInner: 3, dState: 4 },
  [
    [{ u: zeros([5, 3]) }, 'ShapeError', 'u is [5, 3]; expected [?, ?, ?] (batch, length, dInner)'],
    [{ dt: zeros([2, 5, 4]) }, 'ShapeError', 'dt is [2, 5, 4]; expected [2, 5, 3] (batch, length, dInner)'],
    [{ dtBias: zeros([2]) }, 'ShapeError', 'dtBias is [2]; expected [3] (dInner)'],
    [{ A: zeros([4, 4]) }, 'ShapeError', 'A is [4, 4]; expected [3, ?] (dInner, dState)'],
    [{ A: view(3, 4) }, 'ShapeError', 'A is a view of columns; expected a dense tensor'],
    [{ B: zeros([2, 5, 3]) }, 'ShapeError', 'B is [2, 5, 3]; expected [2, 5, 4] (batch, length, dState)'],
    [{ C: zeros([2, 4, 4]) }, 'ShapeError', 'C is [2, 4, 4]; expected [2, 5, 4] (batch, length, dState)'],
    [{ D: zeros([3], 'f16') }, 'DTypeError', 'D is f16; expected f32'],
    [{ z: zeros([1, 5, 3]) }, 'ShapeError', 'z is [1, 5, 3]; expected [2, 5, 3] (batch, length, dInner)'],
    [
      { state: zeros([1, 3, 4]) },
      'ShapeError',
      'state is [1, 3, 4]; expected [2, 3, 4] (batch, dInner, dState)',
    ],
  ],
)

describeCheck(
  'ssd',
  checkSsd,
  {
    x: view(2, 5, 12),
    dt: view(2, 5, 6),
    dtBias: zeros([6]),
    dtLimit: [0, Infinity] as readonly [number, number],
    A: zeros([6]),
    B: view(2, 5, 12),
    C: view(2, 5, 12),
    D: zeros([6]),
    state: zeros([2, 6, 2, 4]),
  },
  { batch: 2, length: 5, nHeads: 6, headDim: 2, nGroups: 3, dState: 4 },
  [
    [
      { x: zeros([5, 12]) },
      'ShapeError',
      'x is [5, 12]; expected [?, ?, ?] (batch, length, nHeads · headDim)',
    ],
    [{ A: zeros([5]) }, 'ShapeError', 'nHeads (size of A) is 5; expected a divisor of 12'],
    [{ A: zeros([6, 1]) }, 'ShapeError', 'A is [6, 1]; expected [?] (nHeads)'],
    [{ dt: zeros([2, 5, 12]) }, 'ShapeError', 'dt is [2, 5, 12]; expected [2, 5, 6] (batch, length, nHeads)'],
    [{ dtBias: zeros([12]) }, 'ShapeError', 'dtBias is [12]; expected [6] (nHeads)'],
    [{ dtLimit: [2, 1] }, 'ShapeError', 'dtLimit is [2,1]; expected smallest, largest'],
    [{ dtLimit: [0, Number.NaN] }, 'ShapeError', 'dtLimit is [0,NaN]; expected smallest, largest'],
    [
      { state: zeros([2, 6, 3, 4]) },
      'ShapeError',
      'state is [2, 6, 3, 4]; expected [2, 6, 2, ?] (batch, nHeads, headDim, dState)',
    ],
    [
      { state: zeros([2, 6, 2, 5]) },
      'ShapeError',
      'dState (last axis of state) is 5; expected a divisor of 12',
    ],
    [
      { B: zeros([2, 5, 16]), C: zeros([2, 5, 16]) },
      'ShapeError',
      'nGroups (columns of B over dState) is 4; expected a divisor of 6',
    ],
    [
      { C: zeros([2, 5, 8]) },
      'ShapeError',
      'C is [2, 5, 8]; expected [2, 5, 12] (batch, length, nGroups · dState)',
    ],
    [{ D: zeros([4]) }, 'ShapeError', 'D is [4]; expected [6] (nHeads) or (nHeads · headDim)'],
  ],
)

const perHead = '(batch, length, nHeads)'
const mamba3State = {
  angle: zeros([2, 6, 2]),
  ssm: zeros([2, 6, 2, 4]),
  k: zeros([2, 3, 6, 4]),
  v: zeros([2, 6, 2]),
}
const mimo = { x: zeros([6, 3, 2]), z: zeros([6, 3, 2]), o: zeros([6, 3, 2]) }

describeCheck(
  'mamba3Scan',
  checkMamba3Scan,
  {
    x: view(2, 5, 12),
    z: view(2, 5, 12),
    B: view(2, 5, 24),
    C: view(2, 5, 24),
    dt: view(2, 5, 6),
    ddA: view(2, 5, 6),
    trap: view(2, 5, 6),
    angles: view(2, 5, 2),
    dtBias: zeros([6]),
    BBias: zeros([6, 3, 4]),
    CBias: zeros([6, 3, 4]),
    D: zeros([6]),
    aFloor: 1e-4,
    mimo: mimo as typeof mimo | undefined,
    norm: { weight: zeros([12]), eps: 1e-5 },
    state: mamba3State,
  },
  { batch: 2, length: 5, rank: 3, nHeads: 6, headDim: 2, nGroups: 2, dState: 4, nAngles: 2 },
  [
    [
      { x: zeros([5, 12]) },
      'ShapeError',
      'x is [5, 12]; expected [?, ?, ?] (batch, length, nHeads · headDim)',
    ],
    [{ x: zeros([2, 5, 13]) }, 'ShapeError', 'nHeads (first axis of BBias) is 6; expected a divisor of 13'],
    [{ BBias: zeros([6, 4]) }, 'ShapeError', 'BBias is [6, 4]; expected [?, ?, ?] (nHeads, rank, dState)'],
    [{ B: zeros([2, 5, 25]) }, 'ShapeError', 'rank · dState is 12; expected a divisor of 25'],
    [
      { B: zeros([2, 5, 48]) },
      'ShapeError',
      'nGroups (columns of B over rank · dState) is 4; expected a divisor of 6',
    ],
    [{ mimo: undefined }, 'ShapeError', 'rank is 3 without mimo; expected 1'],
    [
      { CBias: zeros([6, 3, 2]) },
      'ShapeError',
      'CBias is [6, 3, 2]; expected [6, 3, 4] (nHeads, rank, dState)',
    ],
    [{ z: zeros([2, 5, 6]) }, 'ShapeError', 'z is [2, 5, 6]; expected [2, 5, 12] (as x)'],
    [{ C: zeros([2, 5, 12]) }, 'ShapeError', 'C is [2, 5, 12]; expected [2, 5, 24] (as B)'],
    [{ dt: zeros([2, 5, 5]) }, 'ShapeError', `dt is [2, 5, 5]; expected [2, 5, 6] ${perHead}`],
    [{ ddA: zeros([2, 4, 6]) }, 'ShapeError', `ddA is [2, 4, 6]; expected [2, 5, 6] ${perHead}`],
    [{ trap: zeros([2, 5, 6], 'f16') }, 'DTypeError', 'trap is f16; expected f32'],
    [
      { angles: zeros([5, 2]) },
      'ShapeError',
      'angles is [5, 2]; expected [2, 5, ?] (batch, length, nAngles)',
    ],
    [{ angles: zeros([2, 5, 3]) }, 'ShapeError', '3 angles rotate more than dState 4 elements'],
    [{ dtBias: zeros([12]) }, 'ShapeError', 'dtBias is [12]; expected [6] (nHeads)'],
    [{ D: zeros([12]) }, 'ShapeError', 'D is [12]; expected [6] (nHeads)'],
    [
      { mimo: { ...mimo, z: zeros([6, 3, 3]) } },
      'ShapeError',
      'mimo.z is [6, 3, 3]; expected [6, 3, 2] (nHeads, rank, headDim)',
    ],
    [
      { norm: { weight: zeros([2]), eps: 1e-5 } },
      'ShapeError',
      'norm.weight is [2]; expected [12] (nHeads · headDim)',
    ],
    [
      { state: { ...mamba3State, angle: zeros([2, 6, 1]) } },
      'ShapeError',
      'state.angle is [2, 6, 1]; expected [2, 6, 2] (batch, nHeads, nAngles)',
    ],
    [
      { state: { ...mamba3State, ssm: zeros([2, 6, 4, 2]) } },
      'ShapeError',
      'state.ssm is [2, 6, 4, 2]; expected [2, 6, 2, 4] (batch, nHeads, headDim, dState)',
    ],
    [
      { state: { ...mamba3State, k: zeros([2, 6, 3, 4]) } },
      'ShapeError',
      'state.k is [2, 6, 3, 4]; expected [2, 3, 6, 4] (batch, rank, nHeads, dState)',
    ],
    [
      { state: { ...mamba3State, v: view(2, 6, 2) } },
      'ShapeError',
      'state.v is a view of columns; expected a dense tensor',
    ],
  ],
)

describeCheck(
  'positions',
  ({ x, start, end }) => checkPositions(x, start, end),
  { x: view(2, 5, 3), start: 1, end: 5 },
  { batch: 2, length: 5, size: 3 },
  [
    [{ x: zeros([5, 3]) }, 'ShapeError', 'x is [5, 3]; expected [?, ?, ?] (batch, length, size)'],
    [{ end: 6 }, 'ShapeError', 'range 1..6 is not inside the length of [2, 5, 3]'],
    [{ start: -1 }, 'ShapeError', 'range -1..5 is not inside the length of [2, 5, 3]'],
    [{ start: 3, end: 2 }, 'ShapeError', 'range 3..2 is not inside the length of [2, 5, 3]'],
    [{ start: 0.5 }, 'ShapeError', 'range 0.5..5 is not inside the length of [2, 5, 3]'],
  ],
)

describeCheck(
  'crossEntropy',
  ({ logits, targets }) => checkCrossEntropy(logits, targets),
  { logits: view(2, 5, 7), targets: zeros([2, 5], 'i32') },
  { batch: 2, length: 5, vocabulary: 7 },
  [
    [
      { logits: zeros([5, 7]) },
      'ShapeError',
      'logits is [5, 7]; expected [?, ?, ?] (batch, length, vocabulary)',
    ],
    [{ targets: zeros([2, 4], 'i32') }, 'ShapeError', 'targets is [2, 4]; expected [2, 5] (batch, length)'],
    [{ targets: zeros([2, 5]) }, 'DTypeError', 'targets is f32; expected i32'],
  ],
)

const counts = { prompt: zeros([2, 7], 'i32'), generated: zeros([2, 7], 'i32') }

describeCheck(
  'sample',
  ({ logits, ...args }) => checkSample(logits, args),
  {
    logits: view(2, 1, 7),
    settings: resolveSampling(),
    vocabSize: 6,
    position: zeros([1], 'i32'),
    history: counts,
  },
  { batch: 2, vocabulary: 7 },
  [
    [
      { logits: zeros([2, 2, 7]) },
      'ShapeError',
      'logits is [2, 2, 7]; expected [?, 1, ?] (batch, 1, vocabulary)',
    ],
    [{ vocabSize: 8 }, 'ShapeError', 'vocabSize is 8; expected 1 to 7, the size of the logits'],
    [{ vocabSize: 0 }, 'ShapeError', 'vocabSize is 0; expected 1 to 7, the size of the logits'],
    [{ vocabSize: Number.NaN }, 'ShapeError', 'vocabSize is NaN; expected 1 to 7, the size of the logits'],
    [{ position: zeros([2], 'i32') }, 'ShapeError', 'position is [2]; expected [1] (a counter)'],
    [{ position: zeros([1]) }, 'DTypeError', 'position is f32; expected i32'],
    [
      { history: { ...counts, prompt: zeros([1, 7], 'i32') } },
      'ShapeError',
      'history.prompt is [1, 7]; expected [2, 7] (batch, vocabulary)',
    ],
    [
      { history: { ...counts, generated: zeros([2, 7]) } },
      'DTypeError',
      'history.generated is f32; expected i32',
    ],
    [
      { history: { ...counts, generated: zeros([2, 8], 'i32').columns(0, 7) } },
      'ShapeError',
      'history.generated is a view of columns; expected a dense tensor',
    ],
  ],
)
