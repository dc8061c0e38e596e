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
import type { Context } from '../context.ts'
import { crossEntropy } from './cross-entropy.ts'
import { add, gelu, mul, relu2, scale, silu, softplus, swiGlu } from './elementwise.ts'
import { embedding } from './embedding.ts'
import { linear } from './linear.ts'
import { mamba3Scan } from './mamba3-scan.ts'
import { positions } from './positions.ts'
import { sample } from './sample.ts'
import { causalConv1d, rmsNorm, selectiveScan } from './sequence.ts'
import { ssd } from './ssd.ts'

/** {@link Ops} over kernels in WebAssembly. */
export class WasmOps implements Ops {
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  embedding(table: Tensor, ids: Tensor): Tensor {
    return embedding(this.#context, table, ids)
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    return linear(this.#context, x, weight, bias)
  }

  add(a: Tensor, b: Tensor): Tensor {
    return add(this.#context, a, b)
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return mul(this.#context, a, b)
  }

  scale(x: Tensor, factor: number): Tensor {
    return scale(this.#context, x, factor)
  }

  silu(x: Tensor): Tensor {
    return silu(this.#context, x)
  }

  softplus(x: Tensor): Tensor {
    return softplus(this.#context, x)
  }

  gelu(x: Tensor): Tensor {
    return gelu(this.#context, x)
  }

  relu2(x: Tensor): Tensor {
    return relu2(this.#context, x)
  }

  swiGlu(gate: Tensor, up: Tensor): Tensor {
    return swiGlu(this.#context, gate, up)
  }

  rmsNorm(x: Tensor, args: RmsNormArgs): Tensor {
    return rmsNorm(this.#context, x, args)
  }

  causalConv1d(x: Tensor, args: CausalConv1dArgs): Tensor {
    return causalConv1d(this.#context, x, args)
  }

  selectiveScan(args: SelectiveScanArgs): Tensor {
    return selectiveScan(this.#context, args)
  }

  ssd(args: SsdArgs): Tensor {
    return ssd(this.#context, args)
  }

  mamba3Scan(args: Mamba3ScanArgs): Tensor {
    return mamba3Scan(this.#context, args)
  }

  positions(x: Tensor, start: number, end: number): Tensor {
    return positions(this.#context, x, start, end)
  }

  crossEntropy(logits: Tensor, targets: Tensor): Tensor {
    return crossEntropy(this.#context, logits, targets)
  }

  sample(logits: Tensor, args: SampleArgs): Tensor {
    return sample(this.#context, logits, args)
  }

  scope<T>(fn: () => T): T {
    return this.#context.scopes.run(fn)
  }

  release(tensor: Tensor): void {
    this.#context.scopes.release(tensor)
  }
}
