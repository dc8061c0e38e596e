import { mamba as mambaBlock } from '../../blocks/mamba.ts'
import { backbone } from '../backbone.ts'
import { mambaConfig } from './config.ts'

/** Mamba-1 (Gu & Dao 2023), of Hugging Face's and the official layout, and of GGUF. */
export const mamba = backbone(['mamba'], mambaBlock, mambaConfig)
