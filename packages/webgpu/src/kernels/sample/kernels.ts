import type { Access, Kernel } from '../../queue/kernel.ts'
import { perVariant } from '../per-variant.ts'
import { drawWgsl } from './draw.wgsl.ts'
import { filtersWgsl } from './filters.wgsl.ts'
import { advanceWgsl, greedyWgsl, likeliestWgsl } from './greedy.wgsl.ts'
import { historyWgsl, keysWgsl, noHistoryWgsl, saveKeyWgsl } from './keys.wgsl.ts'
import { randomWgsl } from './random.wgsl.ts'
import { sumsWgsl } from './sums.wgsl.ts'
import { weightsWgsl } from './weights.wgsl.ts'

/** What a kernel of `sample` is made for. */
export interface SampleVariant {
  readonly isGreedy: boolean
  /** Whether ids that occurred are penalised, and the chosen one is counted. */
  readonly hasHistory: boolean
  /** Whether the position is read from a counter. */
  readonly hasCounter: boolean
  /** Of a workgroup, a power of two from 64 on. */
  readonly invocations: number
}

const declarations = {
  logits: {
    access: 'read',
    declaration: 'logits: array<u32>',
    shape: '(batch, vocabulary), float32, a view',
  },
  prompt: { access: 'read', declaration: 'prompt: array<i32>', shape: '(batch, vocabulary)' },
  generated: { access: 'write', declaration: 'generated: array<i32>', shape: '(batch, vocabulary)' },
  keys: { access: 'write', declaration: 'keys: array<u32>', shape: '(rows, vocab_size)' },
  candidates: {
    access: 'write',
    declaration: 'candidates: array<vec2<u32>>',
    shape: '(rows, vocab_size), keys and ids',
  },
  ids: { access: 'write', declaration: 'ids: array<i32>', shape: '(batch, 1)' },
  counter: { access: 'write', declaration: 'counter: array<i32>', shape: '(1)' },
} as const satisfies Record<string, { access: Access; declaration: string; shape: string }>

/** A storage buffer of a kernel. */
export type SampleBinding = keyof typeof declarations

/** A kernel, and what it binds. */
export interface SampleKernel {
  readonly kernel: Kernel
  readonly bindings: readonly SampleBinding[]
}

/** The kernel of a variant, always the same object. */
export const sampleKernel = perVariant(createKernel, ({ isGreedy, hasHistory, hasCounter, invocations }) =>
  [isGreedy, hasHistory, hasCounter, invocations].join(),
)

/** Adds 1 to a counter. */
export const advanceKernel: Kernel = { label: 'sample: advance', code: advanceWgsl, access: ['write'] }

function createKernel({ isGreedy, hasHistory, hasCounter, invocations }: SampleVariant): SampleKernel {
  const bindings: SampleBinding[] = ['logits']
  if (hasHistory) bindings.push('prompt', 'generated')
  if (!isGreedy) bindings.push('keys', 'candidates')
  bindings.push('ids')
  if (hasCounter) bindings.push('counter')
  const code = [
    `const SIZE = ${invocations}u;`,
    ...bindings.map(declarationOf),
    `@group(0) @binding(${bindings.length}) var<uniform> dims: Dims;`,
    keysWgsl,
    isGreedy ? 'fn save_key(id: u32, key: u32) {}' : saveKeyWgsl,
    hasHistory ? historyWgsl : noHistoryWgsl,
    hasCounter ? counterWgsl : numberWgsl,
    likeliestWgsl,
    ...(isGreedy ? [greedyWgsl] : [randomWgsl, sumsWgsl, weightsWgsl, filtersWgsl, drawWgsl]),
  ].join('\n')
  const label = isGreedy ? 'sample: greedy' : 'sample: draw'
  const access = bindings.map((name) => declarations[name].access)
  return { kernel: { label, code, access }, bindings }
}

function declarationOf(name: SampleBinding, binding: number): string {
  const { access, declaration, shape } = declarations[name]
  const mode = access === 'read' ? 'read' : 'read_write'
  return `@group(0) @binding(${binding}) var<storage, ${mode}> ${declaration};  // ${shape}`
}

const numberWgsl = /* wgsl */ `
fn position() -> vec2<u32> {
  return vec2(dims.position_low, dims.position_high);
}

fn advance_counter() {}
`

const counterWgsl = /* wgsl */ `
fn position() -> vec2<u32> {
  return vec2(u32(counter[0]), 0u);
}

fn advance_counter() {
  counter[0] += i32(dims.advance);
}
`
