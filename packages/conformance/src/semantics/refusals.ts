import { type DType, type MambaErrorName, type Ops, resolveSampling, type Tensor } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../refused.ts'
import type { Suite } from '../suite.ts'

/** Makes a tensor of zeros. */
type Zeros = (shape: readonly number[], dtype?: DType) => Tensor

interface Refusal {
  /** What is wrong, as the error says it. */
  readonly message: string
  readonly name: MambaErrorName
  readonly call: (ops: Ops, zeros: Zeros) => Tensor
}

/** At least one wrong call of every op: proof that it checks its arguments. The checks themselves are core's. */
const refusals: readonly Refusal[] = [
  {
    message: 'embedding: table is [5]; expected [?, ?]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.embedding(zeros([5]), zeros([1, 2], 'i32')),
  },
  {
    message: 'embedding: ids is f32; expected i32',
    name: 'DTypeError',
    call: (ops, zeros) => ops.embedding(zeros([5, 3]), zeros([1, 2])),
  },
  {
    message: 'linear: x is [2, 3]; expected [2, 4]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.linear(zeros([2, 3]), zeros([5, 4])),
  },
  {
    message: 'linear: weight is i8; expected f32 or f16 or bf16 or q8_0 or q4_0',
    name: 'DTypeError',
    call: (ops, zeros) => ops.linear(zeros([2, 3]), zeros([5, 3], 'i8')),
  },
  {
    message: 'linear: bias is [4]; expected [5]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.linear(zeros([2, 3]), zeros([5, 3]), zeros([4])),
  },
  ...(['add', 'mul', 'swiGlu'] as const).map((op) => ({
    message: `${op}: argument 2 is [3, 2]; expected [2, 3]`,
    name: 'ShapeError' as const,
    call: (ops: Ops, zeros: Zeros) => ops[op](zeros([2, 3]), zeros([3, 2])),
  })),
  ...(['silu', 'softplus', 'gelu', 'relu2'] as const).map((op) => ({
    message: `${op}: argument 1 is i32; expected f32`,
    name: 'DTypeError' as const,
    call: (ops: Ops, zeros: Zeros) => ops[op](zeros([2, 3], 'i32')),
  })),
  {
    message: 'scale: argument 1 is f16; expected f32',
    name: 'DTypeError',
    call: (ops, zeros) => ops.scale(zeros([2, 3], 'f16'), 2),
  },
  {
    message: 'rmsNorm: groupSize is 4; expected a divisor of 6',
    name: 'ShapeError',
    call: (ops, zeros) => ops.rmsNorm(zeros([2, 6]), { eps: 1e-5, groupSize: 4 }),
  },
  {
    message: 'rmsNorm: weight is a view of columns; expected a dense tensor',
    name: 'ShapeError',
    call: (ops, zeros) => ops.rmsNorm(zeros([2, 3]), { eps: 1e-5, weight: zeros([4]).columns(0, 3) }),
  },
  {
    message: 'causalConv1d: state is [1, 3, 4]; expected [1, 3, 3]',
    name: 'ShapeError',
    call: (ops, zeros) =>
      ops.causalConv1d(zeros([1, 2, 3]), {
        weight: zeros([3, 4]),
        state: zeros([1, 3, 4]),
        activation: 'none',
      }),
  },
  {
    message: 'selectiveScan: dt is [2, 5, 4]; expected [2, 5, 3]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.selectiveScan({ ...scanArgs(zeros), dt: zeros([2, 5, 4]) }),
  },
  {
    message: 'selectiveScan: state is [1, 3, 2]; expected [2, 3, 2]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.selectiveScan({ ...scanArgs(zeros), state: zeros([1, 3, 2]) }),
  },
  {
    message: 'ssd: nGroups (columns of B over dState) is 4; expected a divisor of 6',
    name: 'ShapeError',
    call: (ops, zeros) => ops.ssd({ ...ssdArgs(zeros), B: zeros([2, 5, 8]) }),
  },
  {
    message: 'mamba3Scan: 3 angles rotate more than dState 4 elements',
    name: 'ShapeError',
    call: (ops, zeros) => ops.mamba3Scan({ ...mamba3Args(zeros), angles: zeros([2, 5, 3]) }),
  },
  {
    message: 'positions: range 2..6 is not inside the length of [1, 5, 3]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.positions(zeros([1, 5, 3]), 2, 6),
  },
  {
    message: 'crossEntropy: targets is [1, 4]; expected [1, 5]',
    name: 'ShapeError',
    call: (ops, zeros) => ops.crossEntropy(zeros([1, 5, 3]), zeros([1, 4], 'i32')),
  },
  {
    message: 'sample: logits is [1, 2, 5]; expected [?, 1, ?]',
    name: 'ShapeError',
    call: (ops, zeros) =>
      ops.sample(zeros([1, 2, 5]), { settings: resolveSampling(), vocabSize: 5, position: 0 }),
  },
  {
    message: 'sample: position is f32; expected i32',
    name: 'DTypeError',
    call: (ops, zeros) =>
      ops.sample(zeros([1, 1, 5]), { settings: resolveSampling(), vocabSize: 5, position: zeros([1]) }),
  },
]

/** Sizes that fit together: batch 2, length 5, dInner 3, dState 2. */
function scanArgs(zeros: Zeros) {
  return {
    u: zeros([2, 5, 3]),
    dt: zeros([2, 5, 3]),
    A: zeros([3, 2]),
    B: zeros([2, 5, 2]),
    C: zeros([2, 5, 2]),
    D: zeros([3]),
    state: zeros([2, 3, 2]),
  }
}

/** Sizes that fit together: batch 2, length 5, 6 heads of 1, 3 groups, dState 2. */
function ssdArgs(zeros: Zeros) {
  return {
    x: zeros([2, 5, 6]),
    dt: zeros([2, 5, 6]),
    dtBias: zeros([6]),
    dtLimit: [0, 1] as const,
    A: zeros([6]),
    B: zeros([2, 5, 6]),
    C: zeros([2, 5, 6]),
    D: zeros([6]),
    state: zeros([2, 6, 1, 2]),
  }
}

/** Sizes that fit together: batch 2, length 5, 6 heads of 1, 3 groups, dState 4, 2 angles. */
function mamba3Args(zeros: Zeros) {
  const perHead = () => zeros([2, 5, 6])
  return {
    x: perHead(),
    z: perHead(),
    B: zeros([2, 5, 12]),
    C: zeros([2, 5, 12]),
    dt: perHead(),
    ddA: perHead(),
    trap: perHead(),
    angles: zeros([2, 5, 2]),
    dtBias: zeros([6]),
    BBias: zeros([6, 1, 4]),
    CBias: zeros([6, 1, 4]),
    D: zeros([6]),
    aFloor: 1e-4,
    state: {
      angle: zeros([2, 6, 2]),
      ssm: zeros([2, 6, 1, 4]),
      k: zeros([2, 1, 6, 4]),
      v: zeros([2, 6, 1]),
    },
  }
}

export function describeRefusals(suite: Suite): void {
  const zeros: Zeros = (shape, dtype) => suite.backend().zeros(shape, dtype)

  describe('wrong arguments', () => {
    test.each(refusals)('are refused at once: $message', async ({ message, name, call }) => {
      await expectRefused(name, message, () => {
        call(suite.backend().ops, zeros)
      })
    })

    test('leave the state as it was', async () => {
      const { ops } = suite.backend()
      const args = scanArgs(zeros)
      const state = suite.backend().tensor(new Float32Array(12).fill(3), [2, 3, 2], 'f32')
      expect(() => ops.selectiveScan({ ...args, state, D: zeros([4]) })).toThrow('selectiveScan: D is [4]')
      expect(await state.read()).toEqual(new Float32Array(12).fill(3))
    })

    test('are only refused because of what is wrong: without it they pass', () => {
      const { ops } = suite.backend()
      expect(ops.selectiveScan(scanArgs(zeros)).shape).toEqual([2, 5, 3])
      expect(ops.ssd(ssdArgs(zeros)).shape).toEqual([2, 5, 6])
      expect(ops.mamba3Scan(mamba3Args(zeros)).shape).toEqual([2, 5, 6])
    })
  })
}
