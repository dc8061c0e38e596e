import type { DType } from '@mamba/core'

/** An element type of safetensors. */
export interface SafetensorsType {
  /** Size of an element. */
  readonly bits: number
  /** The dtype to compute with, if there is one. */
  readonly dtype?: DType
}

/** Element types by the name that a header gives them (safetensors 0.8). */
export const SAFETENSORS_TYPES: ReadonlyMap<string, SafetensorsType> = new Map<string, SafetensorsType>([
  ['F32', { bits: 32, dtype: 'f32' }],
  ['F16', { bits: 16, dtype: 'f16' }],
  ['BF16', { bits: 16, dtype: 'bf16' }],
  ['I32', { bits: 32, dtype: 'i32' }],
  ['U32', { bits: 32, dtype: 'u32' }],
  ['I8', { bits: 8, dtype: 'i8' }],
  ['U8', { bits: 8, dtype: 'u8' }],
  ['BOOL', { bits: 8 }],
  ['I16', { bits: 16 }],
  ['U16', { bits: 16 }],
  ['I64', { bits: 64 }],
  ['U64', { bits: 64 }],
  ['F64', { bits: 64 }],
  ['C64', { bits: 64 }],
  ['F8_E4M3', { bits: 8 }],
  ['F8_E5M2', { bits: 8 }],
  ['F8_E8M0', { bits: 8 }],
  ['F8_E4M3FNUZ', { bits: 8 }],
  ['F8_E5M2FNUZ', { bits: 8 }],
  ['F6_E2M3', { bits: 6 }],
  ['F6_E3M2', { bits: 6 }],
  ['F4', { bits: 4 }],
])
