import type { CheckpointError } from '@mamba/core'

/** What a pickle may hold here: plain data, and what the caller makes of the classes that it allows. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | Map<string | number, PickleValue>
  | PickleClass
  | PickleObject

/** A class or function that a pickle may name. */
export interface PickleClass {
  readonly kind: 'class'
  /** Module and name, with a dot. */
  readonly name: string
  /** What calling it makes; absent if it may only be named. Throws what `fail` makes. */
  readonly call?: (args: readonly PickleValue[], fail: (problem: string) => CheckpointError) => PickleValue
}

/** Something that the caller made. */
export interface PickleObject {
  readonly kind: string
}

/** What a pickle may ask of the caller. */
export interface PickleWorld {
  /** The classes that may be named, by module and name with a dot. */
  readonly classes: ReadonlyMap<string, PickleClass>
  /** Makes what a persistent id stands for. Throws what `fail` makes. */
  readonly load: (id: PickleValue, fail: (problem: string) => CheckpointError) => PickleValue
}

/** Whether `value` is a class, and not what one made. */
export function isPickleClass(value: PickleValue): value is PickleClass {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'class'
}
