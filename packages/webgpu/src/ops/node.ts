import {
  type CausalConv1dArgs,
  type Mamba3ScanArgs,
  type RmsNormArgs,
  type SampleArgs,
  type SelectiveScanArgs,
  type SsdArgs,
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
  | MambaStepNode
  | MambaStackNode
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
  /** Merged into it, for few rows: x is normalised first. */
  readonly norm?: RmsNormArgs | undefined
  /** Merged into it, for few rows: is added to the result. */
  readonly residual?: Tensor | undefined
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

/**
 * A Mamba block between its outer projections, for one position: convolution, selection, Δ, scan and gate. Programs
 * merge the ops of that into one node.
 */
export interface MambaStepNode {
  readonly op: 'mambaStep'
  readonly conv: CausalConv1dNode
  /** u to δ, B and C. */
  readonly select: LinearNode
  /** δ to dt. */
  readonly project: LinearNode
  readonly scan: SelectiveScanNode
}

/** A whole model for one position. Programs merge all its nodes into one, where a device can run them as one kernel. */
export interface MambaStackNode {
  readonly op: 'mambaStack'
  readonly embedding: EmbeddingNode
  readonly layers: readonly {
    /** With its norm. */
    readonly input: LinearNode
    readonly step: MambaStepNode
    /** With the residual. */
    readonly output: LinearNode
  }[]
  /** With its norm. */
  readonly head: LinearNode
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

/** Copies a tensor of the same shape and dtype: a dense one, or a view of columns unless it is quantised. */
export interface CopyNode {
  readonly op: 'copy'
  readonly from: Tensor
  readonly to: Tensor
}

/** All tensors of a node, those within its arguments included. */
export function tensorsOf(node: Node): Tensor[] {
  return tensorsIn(node)
}

function tensorsIn(value: unknown): Tensor[] {
  if (Tensor.is(value)) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(tensorsIn) : []
}

/** The tensors that a node fills, or changes in place. */
export function writtenBy(node: Node): Tensor[] {
  switch (node.op) {
    case 'copy':
      return [node.to]
    case 'causalConv1d':
    case 'selectiveScan':
    case 'ssd':
      return [node.y, node.args.state]
    case 'mambaStep':
      return [node.scan.y, node.scan.args.state, node.conv.args.state]
    case 'mambaStack':
      return [node.head.y, ...node.layers.flatMap(({ step }) => writtenBy(step))]
    case 'mamba3Scan':
      return [node.y, ...Object.values(node.args.state)]
    case 'sample': {
      const { position, history } = node.args
      return [
        node.y,
        ...(typeof position === 'number' ? [] : [position]),
        ...(history ? [history.generated] : []),
      ]
    }
    default:
      return [node.y]
  }
}
