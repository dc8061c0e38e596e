import type { Kernel } from '../../queue/kernel.ts'
import { mathWgsl } from '../math.wgsl.ts'
import { perVariant } from '../per-variant.ts'
import { decayWgsl } from './decay.wgsl.ts'
import { outputsWgsl } from './outputs.wgsl.ts'
import { passWgsl } from './pass.wgsl.ts'
import { quadReads, quadWrite } from './quads.ts'
import { inputsWgsl, spanWgsl } from './span.wgsl.ts'
import { statesWgsl } from './states.wgsl.ts'
import { tileWgsl } from './tile.wgsl.ts'

/** The kernels of the block form, in the order in which they run. */
export interface BlockKernels {
  readonly states: Kernel
  readonly pass: Kernel
  readonly outputs: Kernel
}

/** What distinguishes the kernels. */
export interface BlocksVariant {
  /** Whether all rows begin at multiples of four elements. */
  readonly aligned: boolean
  /** Whether the position before the span acts on the state once more. */
  readonly hasPending: boolean
}

export const blockKernels = perVariant(
  ({ aligned, hasPending }: BlocksVariant): BlockKernels => ({
    states: states(aligned),
    pass: pass(aligned, hasPending),
    outputs: outputs(aligned),
  }),
)

function states(aligned: boolean): Kernel {
  return {
    label: 'blocks, states',
    code: [
      header({ MIMO: 6, PARAMS: 7 }),
      quadReads(['q', 'k', 'x', 'mimo'], aligned),
      quadWrite('states', aligned),
      statesWgsl,
      spanWgsl,
      inputsWgsl,
      tileWgsl,
      decayWgsl,
    ].join(''),
    access: ['read', 'read', 'read', 'read', 'write', 'write', 'read'],
  }
}

/** What is pending lies beside the state in one buffer, which a kernel cannot bind for reading and for writing. */
function pass(aligned: boolean, hasPending: boolean): Kernel {
  return {
    label: 'blocks, pass',
    code: [
      header({ UNIT: aligned ? 4 : 1, PARAMS: 6 }),
      quadReads([], aligned),
      passWgsl(hasPending),
      spanWgsl,
      decayWgsl,
    ].join(''),
    access: hasPending
      ? ['read', 'write', 'write', 'write', 'write', 'read']
      : ['read', 'write', 'write', 'read', 'read', 'read'],
  }
}

function outputs(aligned: boolean): Kernel {
  return {
    label: 'blocks, outputs',
    code: [
      header({ MIMO: 7, PARAMS: 8 }),
      quadReads(['q', 'x', 'states', 'mimo'], aligned),
      quadWrite('y', aligned),
      outputsWgsl,
      spanWgsl,
      inputsWgsl,
      tileWgsl,
      decayWgsl,
      mathWgsl,
    ].join(''),
    access: ['read', 'read', 'read', 'read', 'read', 'read', 'write', 'read'],
  }
}

/** WGSL: constants, whole numbers. */
export function header(constants: Readonly<Record<string, number>>): string {
  return Object.entries(constants)
    .map(([name, value]) => `const ${name} = ${value}u;\n`)
    .join('')
}
