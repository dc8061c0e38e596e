import type { RmsNormArgs, Tensor } from '@mamba/core'
import type { LinearNode, MambaStackNode, MambaStepNode, Node } from '../../ops/node.ts'
import type { Graph } from '../graph.ts'

/**
 * A whole step of a model whose layers are Mamba blocks and nothing else:
 *
 *   x = embedding(id);  for each layer: x ← x + W_out step(W_in norm(x));  logits = W norm(x)
 */
export function stackOf(
  graph: Graph,
): { readonly stack: MambaStackNode; readonly merged: ReadonlySet<Node> } | undefined {
  const embedding = graph.nodes.find((node) => node.op === 'embedding')
  if (!embedding) return undefined
  const merged = new Set<Node>([embedding])
  const layers: MambaStackNode['layers'][number][] = []
  let x = embedding.y
  for (;;) {
    const layer = layerOf(graph, x)
    if (!layer) break
    layers.push(layer)
    for (const node of [layer.input, layer.step, layer.output]) merged.add(node)
    x = layer.output.y
  }
  const [head, ...others] = graph.usersOf(x)
  if (
    layers.length === 0 ||
    others.length > 0 ||
    head?.op !== 'linear' ||
    !isNormed(head, x) ||
    head.residual
  )
    return undefined
  merged.add(head)
  const isInner = [...merged].every((node) => node === head || graph.isInner(yOf(node)))
  return isInner ? { stack: { op: 'mambaStack', embedding, layers, head }, merged } : undefined
}

function layerOf(graph: Graph, x: Tensor): MambaStackNode['layers'][number] | undefined {
  const users = graph.usersOf(x)
  if (users.length !== 2) return undefined
  const input = users.find((user) => user.op === 'linear' && isNormed(user, x) && !user.residual) as
    | LinearNode
    | undefined
  const output = users.find((user) => user.op === 'linear' && user.residual === x) as LinearNode | undefined
  const step = input && (graph.usersOf(input.y)[0] as MambaStepNode)
  if (!input || !output || step?.op !== 'mambaStep' || graph.usersOf(input.y).length !== 1) return undefined
  if (output.bias || output.norm || output.x !== step.scan.y || graph.usersOf(step.scan.y).length !== 1)
    return undefined
  const dInner = step.scan.y.columnCount
  const isInOrder = step.conv.x.offset === 0 && step.scan.args.z!.offset === dInner
  return isInOrder && input.y.columnCount === 2 * dInner ? { input, step, output } : undefined
}

/** Whether a linear map without bias reads x by a plain norm. */
function isNormed({ x, bias, norm }: LinearNode, expected: Tensor): boolean {
  return x === expected && !bias && norm !== undefined && isPlain(norm, x)
}

function isPlain({ weight, groupSize, gate }: RmsNormArgs, x: Tensor): boolean {
  return weight?.size === x.columnCount && (groupSize ?? x.columnCount) === x.columnCount && !gate
}

function yOf(node: Node): Tensor {
  if (node.op === 'mambaStep') return node.scan.y
  return (node as LinearNode).y
}
