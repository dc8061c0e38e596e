import type {
  CausalConv1dArgs,
  Mamba3ScanArgs,
  RmsNormArgs,
  SampleArgs,
  SelectiveScanArgs,
  SsdArgs,
  Tensor,
} from '@mamba/core'

/*
 * What an op is to the rest of this package: a record of its arguments and of the tensor that it fills. Outside of a
 * program it is planned and enqueued at once; a program collects the nodes of a step, and may merge neighbours, before
 * they are planned.
 */
export type Node =
  | EmbeddingNode
  | LinearNode
  | ElementwiseNode
  | RmsNormNode
  | CausalConv1dNode
  | SelectiveScanNode
  | SsdNode
  | Mamba3ScanNode
  | PositionsNode
  | CrossEntropyNode
  | SampleNode
  | CopyNode

export interface EmbeddingNode {
  readonly op: 'embedding'
  readonly table: Tensor
  readonly ids: Tensor
  readonly y: Tensor
}

export interface LinearNode {
  readonly op: 'linear'
  readonly x: Tensor
  readonly weight: Tensor
  readonly bias?: Tensor | undefined
  readonly y: Tensor
}

/** Functions of one or two tensors, element by element. */
export type ElementwiseFunction = 'add' | 'mul' | 'scale' | 'silu' | 'softplus' | 'gelu' | 'relu2' | 'swiGlu'

export interface ElementwiseNode {
  readonly op: 'elementwise'
  readonly fn: ElementwiseFunction
  readonly a: Tensor
  readonly b?: Tensor
  /** Of `scale`. */
  readonly factor?: number
  readonly y: Tensor
}

export interface RmsNormNode {
  readonly op: 'rmsNorm'
  readonly x: Tensor
  readonly args: RmsNormArgs
  readonly y: Tensor
}

export interface CausalConv1dNode {
  readonly op: 'causalConv1d'
  readonly x: Tensor
  readonly args: CausalConv1dArgs
  readonly y: Tensor
}

export interface SelectiveScanNode {
  readonly op: 'selectiveScan'
  readonly args: SelectiveScanArgs
  readonly y: Tensor
}

export interface SsdNode {
  readonly op: 'ssd'
  readonly args: SsdArgs
  readonly y: Tensor
}

export interface Mamba3ScanNode {
  readonly op: 'mamba3Scan'
  readonly args: Mamba3ScanArgs
  readonly y: Tensor
}

export interface PositionsNode {
  readonly op: 'positions'
  readonly x: Tensor
  readonly start: number
  readonly end: number
  readonly y: Tensor
}

export interface CrossEntropyNode {
  readonly op: 'crossEntropy'
  readonly logits: Tensor
  readonly targets: Tensor
  readonly y: Tensor
}

export interface SampleNode {
  readonly op: 'sample'
  readonly logits: Tensor
  readonly args: SampleArgs
  /** (batch, 1), i32. */
  readonly y: Tensor
}

/** Copies a tensor of the same shape and dtype, of 32-bit elements if it is a view of columns. */
export interface CopyNode {
  readonly op: 'copy'
  readonly from: Tensor
  readonly to: Tensor
}
