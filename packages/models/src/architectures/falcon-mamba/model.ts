import { mamba as mambaBlock } from '../../blocks/mamba.ts'
import { backbone } from '../backbone.ts'
import { falconMambaConfig } from './config.ts'

/** FalconMamba: Mamba-1 with norms, that have no weights, of δ, B and C. */
export const falconMamba = backbone(['falcon_mamba'], mambaBlock, falconMambaConfig)
