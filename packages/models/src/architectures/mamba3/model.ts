import { mamba3 as mamba3Block } from '../../blocks/mamba3.ts'
import { backbone } from '../backbone.ts'
import { mamba3Config } from './config.ts'

/** Mamba-3, SISO and MIMO, of the official layout. */
export const mamba3 = backbone(['mamba3'], mamba3Block, mamba3Config)
