import type { Tolerance } from '@mamba/testing'

/** Products with q8_0 weights round activations to 16 bits: half a step of 1 / 32767 of the largest of a block. */
export const activationTolerance: Tolerance = { epsilon: 1 / 65534, observed: 1, k: 2 }
