import { mamba2 as mamba2Block } from '../../blocks/mamba2.ts'
import { backbone } from '../backbone.ts'
import { mamba2Config } from './config.ts'

/** Mamba-2 (Dao & Gu 2024), of Hugging Face's and the official layout, and of GGUF. */
export const mamba2 = backbone(['mamba2'], mamba2Block, mamba2Config)
