import type { Allocation } from '../memory/allocation.ts'
import type { Dispatch } from './kernel.ts'
import type { Runnable } from './prepare.ts'

/** What is enqueued. */
export type Command =
  | { readonly kind: 'dispatch'; readonly dispatch: Dispatch }
  | { readonly kind: 'prepared'; readonly run: Runnable }
  | {
      readonly kind: 'write'
      readonly to: Allocation
      readonly data: Uint8Array<ArrayBuffer>
    }
  | { readonly kind: 'clear'; readonly allocation: Allocation }
  | {
      readonly kind: 'copy'
      readonly from: Allocation
      readonly to: Allocation
      readonly byteLength: number
    }
  | {
      readonly kind: 'read'
      readonly from: Allocation
      readonly byteLength: number
      /** When it was asked for, see `Faults`. */
      readonly mark: number
      readonly resolve: (bytes: ArrayBuffer) => void
      readonly reject: (reason: unknown) => void
    }
  | { readonly kind: 'discard'; readonly buffer: GPUBuffer }

export type Read = Extract<Command, { kind: 'read' }>

export function allocationsOf(command: Command): Allocation[] {
  switch (command.kind) {
    case 'dispatch':
      return command.dispatch.bindings.map(({ allocation }) => allocation)
    case 'write':
      return [command.to]
    case 'clear':
      return [command.allocation]
    case 'copy':
      return [command.from, command.to]
    case 'read':
      return [command.from]
    default:
      return []
  }
}
