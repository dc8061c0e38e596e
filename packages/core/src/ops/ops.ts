import type { ResolvedSampling } from '../sampling/index.ts'
import type { Tensor } from '../tensor.ts'

/**
 * The operations that models are written in. Every backend implements them, and wrappers (recording gradients,
 * looking inside) have the same interface.
 *
 * Each call takes tensors of one backend and returns a new tensor there at once; the work may still be under way.
 * Activations are f32. Any activation may be a view of columns. All ops work for any length, 0 included: prefill is
 * length L, decoding is length 1. Where a recurrent state is given, the op reads it as the past and leaves it as the
 * past of the next call, in place; so one call over a sequence equals any split of it into calls.
 *
 * @throws ShapeError, DTypeError from every op, if its arguments do not fit together
 */
export interface Ops {
  /**
   * Rows of a table.
   * @param table (vocabulary, size), any weight dtype
   * @param ids (batch, length), i32
   * @returns (batch, length, size)
   */
  embedding(table: Tensor, ids: Tensor): Tensor

  /**
   * y = x Wᵀ + b.
   * @param x (…, in)
   * @param weight (out, in), any weight dtype, expanded inside the kernel
   * @param bias (out)
   * @returns (…, out)
   */
  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor

  /** a + b, elementwise, same shape. */
  add(a: Tensor, b: Tensor): Tensor
  /** a · b, elementwise, same shape. */
  mul(a: Tensor, b: Tensor): Tensor
  /** factor · x. */
  scale(x: Tensor, factor: number): Tensor
  /** x σ(x), elementwise. */
  silu(x: Tensor): Tensor
  /** log(1 + eˣ), elementwise; x itself above 20. */
  softplus(x: Tensor): Tensor
  /** The exact (erf) form of the Gaussian error linear unit, elementwise. */
  gelu(x: Tensor): Tensor
  /** max(x, 0)², elementwise. */
  relu2(x: Tensor): Tensor
  /** silu(gate) · up, elementwise, same shape. */
  swiGlu(gate: Tensor, up: Tensor): Tensor

  /** Root-mean-square norm over the last axis, whole or in groups, optionally gated. See {@link RmsNormArgs}. */
  rmsNorm(x: Tensor, args: RmsNormArgs): Tensor
  /** Causal depthwise convolution with state. See {@link CausalConv1dArgs}. */
  causalConv1d(x: Tensor, args: CausalConv1dArgs): Tensor
  /** Mamba-1's selective scan. See {@link SelectiveScanArgs}. */
  selectiveScan(args: SelectiveScanArgs): Tensor
  /** Mamba-2's state-space duality. See {@link SsdArgs}. */
  ssd(args: SsdArgs): Tensor
  /** Mamba-3's scan. See {@link Mamba3ScanArgs}. */
  mamba3Scan(args: Mamba3ScanArgs): Tensor

  /**
   * A copy of positions `start` (inclusive) to `end` (exclusive).
   * @param x (batch, length, size)
   * @returns (batch, end − start, size)
   */
  positions(x: Tensor, start: number, end: number): Tensor

  /**
   * Negative log-likelihood of each target: log Σ exp(logits) − logits[target], in nats.
   * @param logits (batch, length, vocabulary)
   * @param targets (batch, length), i32
   * @returns (batch, length)
   */
  crossEntropy(logits: Tensor, targets: Tensor): Tensor

  /**
   * Chooses the next id of each sequence. See {@link SampleArgs}.
   * @returns (batch, 1), i32. Where a logit is NaN or ∞, or all are −∞, no id can be chosen: a backend that has computed
   * when the call returns throws as `sampleLogits` does; for others the id is −1.
   */
  sample(logits: Tensor, args: SampleArgs): Tensor

  /**
   * Runs `fn` and frees every tensor that ops made in it, except those in its result: a tensor, or an array or plain
   * object of them. Scopes nest; what an inner scope returns belongs to the outer one.
   */
  scope<T>(fn: () => T): T

  /** Frees a tensor that an op made and that is not needed any more, before its scope ends. */
  release(tensor: Tensor): void
}

/**
 * y = x̂ · weight with x̂ = x / √(mean(x²) + eps), the mean over each group of the last axis.
 * With a gate z: `before`: x ← x · silu(z) first (Mamba-2); `after`: y ← y · silu(z) (`norm_before_gate`).
 */
export interface RmsNormArgs {
  /** (size), or (groupSize), shared by all groups; absent: ones. */
  readonly weight?: Tensor | undefined
  readonly eps: number
  /** Elements that are normalised together; a divisor of size. Default: size. */
  readonly groupSize?: number
  /** z, shaped as x. */
  readonly gate?: Tensor
  /** Whether the gate is applied before or after the norm. Default `before`. */
  readonly gateOrder?: 'before' | 'after'
}

/**
 * y_t[c] = act(bias[c] + Σ_k weight[c, k] · x_{t−K+1+k}[c]); weight[c, K−1] meets the current position.
 * x and the result are (batch, length, channels).
 */
export interface CausalConv1dArgs {
  /** (channels, K), f32. */
  readonly weight: Tensor
  /** (channels), f32. */
  readonly bias?: Tensor | undefined
  /** (batch, channels, K−1), f32: the last K−1 inputs, oldest first, before the activation. Updated in place. */
  readonly state: Tensor
  readonly activation: 'silu' | 'none'
}

/**
 * Selective scan (Gu & Dao 2023, arXiv:2312.00752, Algorithm 2), with what surrounds it in the block:
 * Δ = softplus(dt + dtBias), h_t = exp(Δ_t A) h_{t−1} + Δ_t B_t u_t, y_t = C_t h_t + D u_t, y ← y · silu(z).
 */
export interface SelectiveScanArgs {
  /** (batch, length, dInner). */
  readonly u: Tensor
  /** (batch, length, dInner), before bias and softplus. */
  readonly dt: Tensor
  /** (dInner). */
  readonly dtBias?: Tensor | undefined
  /** (dInner, dState), < 0. */
  readonly A: Tensor
  /** (batch, length, dState). */
  readonly B: Tensor
  /** (batch, length, dState). */
  readonly C: Tensor
  /** (dInner). */
  readonly D: Tensor
  /** Gate, shaped as u. */
  readonly z?: Tensor
  /** h, (batch, dInner, dState). Updated in place. */
  readonly state: Tensor
}

/**
 * State-space duality (Dao & Gu 2024, arXiv:2405.21060), per head, head h in group ⌊h / (nHeads / nGroups)⌋:
 * Δ = clamp(softplus(dt + dtBias), dtLimit), h_t = exp(Δ_t A) h_{t−1} + Δ_t x_t B_tᵀ, y_t = h_t C_t + D x_t.
 */
export interface SsdArgs {
  /** (batch, length, nHeads · headDim). */
  readonly x: Tensor
  /** (batch, length, nHeads), before bias and softplus. */
  readonly dt: Tensor
  /** (nHeads). */
  readonly dtBias: Tensor
  /** Smallest and largest Δ. */
  readonly dtLimit: readonly [number, number]
  /** (nHeads), < 0. */
  readonly A: Tensor
  /** (batch, length, nGroups · dState). */
  readonly B: Tensor
  /** (batch, length, nGroups · dState). */
  readonly C: Tensor
  /** (nHeads), or (nHeads · headDim). */
  readonly D: Tensor
  /** h, (batch, nHeads, headDim, dState). Updated in place. */
  readonly state: Tensor
  /** Positions that the block form takes together; how fast, not what. */
  readonly chunkSize?: number
}

/**
 * Mamba-3's mixer between its projections (arXiv:2603.15569): data-dependent rotation of B and C, the
 * exponential-trapezoidal recurrence, gate and, for MIMO, the sum over ranks. rank is 1 without `mimo`.
 * Δ = softplus(dt + dtBias), A = min(−f(ddA), −aFloor), λ = σ(trap); see `mamba3Rotate`, `mamba3Scan` and `mamba3Output` of
 * `@mamba/core/ssm` for the formulas.
 * @returns through `mamba3Scan`: (batch, length, nHeads · headDim)
 */
export interface Mamba3ScanArgs {
  /** v, (batch, length, nHeads · headDim). */
  readonly x: Tensor
  /** Gate, shaped as x. */
  readonly z: Tensor
  /** (batch, length, rank · nGroups · dState), after its norm. */
  readonly B: Tensor
  /** (batch, length, rank · nGroups · dState), after its norm. */
  readonly C: Tensor
  /** (batch, length, nHeads), before bias and softplus. */
  readonly dt: Tensor
  /** (batch, length, nHeads), before the decay's activation. */
  readonly ddA: Tensor
  /** (batch, length, nHeads), before the sigmoid. */
  readonly trap: Tensor
  /** (batch, length, nAngles), before tanh. */
  readonly angles: Tensor
  /** (nHeads). */
  readonly dtBias: Tensor
  /** (nHeads, rank, dState). */
  readonly BBias: Tensor
  /** (nHeads, rank, dState). */
  readonly CBias: Tensor
  /** (nHeads). */
  readonly D: Tensor
  /** Smallest |A|, > 0. */
  readonly aFloor: number
  /** Multi-input multi-output: (nHeads, rank, headDim) each. */
  readonly mimo?: { readonly x: Tensor; readonly z: Tensor; readonly o: Tensor } | undefined
  /** Norm of y per head, before the gate: weight (nHeads · headDim). */
  readonly norm?: { readonly weight: Tensor; readonly eps: number } | undefined
  /** Updated in place. */
  readonly state: Mamba3State
  /** Positions that the block form takes together; how fast, not what. */
  readonly chunkSize?: number
}

/** The recurrent state of Mamba-3. */
export type Mamba3State = {
  /** Cumulative rotation, (batch, nHeads, nAngles), in [0, 2π). */
  readonly angle: Tensor
  /** h, (batch, nHeads, headDim, dState). */
  readonly ssm: Tensor
  /** The last rotated B, (batch, rank, nHeads, dState). */
  readonly k: Tensor
  /** The last x, (batch, nHeads, headDim). */
  readonly v: Tensor
}

/** How {@link Ops.sample} chooses; logits are (batch, 1, vocabulary). */
export interface SampleArgs {
  readonly settings: ResolvedSampling
  /** Ids at or above it are padding of the vocabulary and never chosen. */
  readonly vocabSize: number
  /**
   * Position of the id in its sequence: with the seed it decides the random number. As a tensor, (1), i32, it is a
   * counter, for steps that are recorded: the op reads it and adds 1 to it, in place. It ends at 2³¹ − 1; beyond,
   * positions must be numbers.
   */
  readonly position: number | Tensor
  /** For the penalties: how often each id occurred. */
  readonly history?: SampleHistory | undefined
}

/** Counts of ids, (batch, vocabulary), i32. */
export interface SampleHistory {
  /** In the prompt. */
  readonly prompt: Tensor
  /** Among the sampled ids. The op adds the one that it chooses, in place. */
  readonly generated: Tensor
}
