import type {
  CausalConv1dArgs,
  Mamba3ScanArgs,
  Ops,
  RmsNormArgs,
  SampleArgs,
  SelectiveScanArgs,
  SsdArgs,
  Tensor,
} from '@mamba/core'
import {
  checkCausalConv1d,
  checkCrossEntropy,
  checkElementwise,
  checkEmbedding,
  checkLinear,
  checkMamba3Scan,
  checkPositions,
  checkRmsNorm,
  checkSample,
  checkSelectiveScan,
  checkSsd,
} from '@mamba/core/backend'
import type { Context } from '../context.ts'
import type { ElementwiseFunction, Node } from './node.ts'

/** {@link Ops} that checks its arguments and makes nodes of them. */
export class WebGpuOps implements Ops {
  readonly #context: () => Context

  /** @param context where they are enqueued: on another device after a loss */
  constructor(context: () => Context) {
    this.#context = context
  }

  embedding(table: Tensor, ids: Tensor): Tensor {
    const { batch, length, size } = checkEmbedding(table, ids)
    return this.#run([batch, length, size], (y) => ({ op: 'embedding', table, ids, y }))
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { dOut } = checkLinear(x, weight, bias)
    return this.#run([...x.shape.slice(0, -1), dOut], (y) => ({ op: 'linear', x, weight, bias, y }))
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('add', a, b)
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('mul', a, b)
  }

  scale(x: Tensor, factor: number): Tensor {
    checkElementwise('scale', x)
    return this.#run(x.shape, (y) => ({ op: 'elementwise', fn: 'scale', a: x, factor, y }))
  }

  silu(x: Tensor): Tensor {
    return this.#elementwise('silu', x)
  }

  softplus(x: Tensor): Tensor {
    return this.#elementwise('softplus', x)
  }

  gelu(x: Tensor): Tensor {
    return this.#elementwise('gelu', x)
  }

  relu2(x: Tensor): Tensor {
    return this.#elementwise('relu2', x)
  }

  swiGlu(gate: Tensor, up: Tensor): Tensor {
    return this.#elementwise('swiGlu', gate, up)
  }

  rmsNorm(x: Tensor, args: RmsNormArgs): Tensor {
    checkRmsNorm(x, args)
    return this.#run(x.shape, (y) => ({ op: 'rmsNorm', x, args, y }))
  }

  causalConv1d(x: Tensor, args: CausalConv1dArgs): Tensor {
    checkCausalConv1d(x, args)
    return this.#run(x.shape, (y) => ({ op: 'causalConv1d', x, args, y }))
  }

  selectiveScan(args: SelectiveScanArgs): Tensor {
    checkSelectiveScan(args)
    return this.#run(args.u.shape, (y) => ({ op: 'selectiveScan', args, y }))
  }

  ssd(args: SsdArgs): Tensor {
    checkSsd(args)
    return this.#run(args.x.shape, (y) => ({ op: 'ssd', args, y }))
  }

  mamba3Scan(args: Mamba3ScanArgs): Tensor {
    checkMamba3Scan(args)
    return this.#run(args.x.shape, (y) => ({ op: 'mamba3Scan', args, y }))
  }

  positions(x: Tensor, start: number, end: number): Tensor {
    const { batch, size } = checkPositions(x, start, end)
    return this.#run([batch, end - start, size], (y) => ({ op: 'positions', x, start, end, y }))
  }

  crossEntropy(logits: Tensor, targets: Tensor): Tensor {
    const { batch, length } = checkCrossEntropy(logits, targets)
    return this.#run([batch, length], (y) => ({ op: 'crossEntropy', logits, targets, y }))
  }

  sample(logits: Tensor, args: SampleArgs): Tensor {
    const { batch } = checkSample(logits, args)
    return this.#run([batch, 1], (y) => ({ op: 'sample', logits, args, y }), 'i32')
  }

  scope<T>(fn: () => T): T {
    return this.#context().scopes.run(fn)
  }

  release(tensor: Tensor): void {
    this.#context().scopes.release(tensor)
  }

  #elementwise(fn: ElementwiseFunction, a: Tensor, b?: Tensor): Tensor {
    checkElementwise(fn, a, ...(b ? [b] : []))
    return this.#run(a.shape, (y) => ({ op: 'elementwise', fn, a, ...(b && { b }), y }))
  }

  #run(shape: readonly number[], node: (y: Tensor) => Node, dtype: 'f32' | 'i32' = 'f32'): Tensor {
    const context = this.#context()
    const y = context.allocate(shape, dtype)
    try {
      context.run(node(y))
    } catch (error) {
      y.destroy()
      throw error
    }
    return context.scopes.track(y)
  }
}
