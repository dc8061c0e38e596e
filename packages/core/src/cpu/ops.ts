import type { Backend } from '../backend.ts'
import { checkPositions } from '../ops/checks.ts'
import type {
  CausalConv1dArgs,
  Mamba3ScanArgs,
  Ops,
  RmsNormArgs,
  SampleArgs,
  SelectiveScanArgs,
  SsdArgs,
} from '../ops/ops.ts'
import { TensorScopes } from '../ops/scopes.ts'
import { gelu, relu2, silu, softplus } from '../ssm/index.ts'
import type { Tensor } from '../tensor.ts'
import { crossEntropy } from './cross-entropy.ts'
import { map, zip } from './elementwise.ts'
import { embedding, linear } from './matrix.ts'
import { sample } from './sample.ts'
import { causalConv1d, mamba3Scan, rmsNorm, type SsdProducts, selectiveScan, ssd } from './sequence.ts'
import { denseF32 } from './storage.ts'

/** {@link Ops} over typed arrays. */
export class CpuOps implements Ops {
  readonly #backend: Backend
  readonly #ssdProducts: SsdProducts
  readonly #scopes = new TensorScopes()

  constructor(backend: Backend, ssdProducts: SsdProducts) {
    this.#backend = backend
    this.#ssdProducts = ssdProducts
  }

  embedding(table: Tensor, ids: Tensor): Tensor {
    return this.#made(embedding(table, ids), [...ids.shape, table.columnCount])
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    return this.#made(linear(x, weight, bias), [...x.shape.slice(0, -1), weight.shape[0]!])
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.#made(
      zip('add', a, b, (x, y) => x + y),
      a.shape,
    )
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return this.#made(
      zip('mul', a, b, (x, y) => x * y),
      a.shape,
    )
  }

  scale(x: Tensor, factor: number): Tensor {
    return this.#made(
      map('scale', x, (value) => factor * value),
      x.shape,
    )
  }

  silu(x: Tensor): Tensor {
    return this.#made(map('silu', x, silu), x.shape)
  }

  softplus(x: Tensor): Tensor {
    return this.#made(map('softplus', x, softplus), x.shape)
  }

  gelu(x: Tensor): Tensor {
    return this.#made(map('gelu', x, gelu), x.shape)
  }

  relu2(x: Tensor): Tensor {
    return this.#made(map('relu2', x, relu2), x.shape)
  }

  swiGlu(gate: Tensor, up: Tensor): Tensor {
    return this.#made(
      zip('swiGlu', gate, up, (x, y) => silu(x) * y),
      gate.shape,
    )
  }

  rmsNorm(x: Tensor, args: RmsNormArgs): Tensor {
    return this.#made(rmsNorm(x, args), x.shape)
  }

  causalConv1d(x: Tensor, args: CausalConv1dArgs): Tensor {
    return this.#made(causalConv1d(x, args), x.shape)
  }

  selectiveScan(args: SelectiveScanArgs): Tensor {
    return this.#made(selectiveScan(args), args.u.shape)
  }

  ssd(args: SsdArgs): Tensor {
    return this.#made(ssd(args, this.#ssdProducts), args.x.shape)
  }

  mamba3Scan(args: Mamba3ScanArgs): Tensor {
    return this.#made(mamba3Scan(args), args.x.shape)
  }

  positions(x: Tensor, start: number, end: number): Tensor {
    const { batch, length, size } = checkPositions(x, start, end)
    const data = denseF32(x)
    const out = new Float32Array(batch * (end - start) * size)
    for (let b = 0; b < batch; b++) {
      const from = (b * length + start) * size
      out.set(data.subarray(from, from + (end - start) * size), b * (end - start) * size)
    }
    return this.#made(out, [batch, end - start, size])
  }

  crossEntropy(logits: Tensor, targets: Tensor): Tensor {
    return this.#made(crossEntropy(logits, targets), targets.shape)
  }

  sample(logits: Tensor, args: SampleArgs): Tensor {
    const ids = sample(logits, args)
    return this.#scopes.track(this.#backend.tensor(ids, [ids.length, 1], 'i32'))
  }

  scope<T>(fn: () => T): T {
    return this.#scopes.run(fn)
  }

  release(tensor: Tensor): void {
    this.#scopes.release(tensor)
  }

  #made(data: Float32Array, shape: readonly number[]): Tensor {
    return this.#scopes.track(this.#backend.tensor(data, shape, 'f32'))
  }
}
