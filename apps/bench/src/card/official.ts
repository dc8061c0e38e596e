/** What is measured of a model. */
export type Measure =
  | 'decode, batch 1'
  | 'decode, batch 1, recorded'
  | 'decode, batch 64, recorded'
  | `prefill ${number}`

/** Where the figures beside ours come from. */
export const officialSource =
  'official: mamba_ssm 2.3.2.post1 on an H200, float16 (Mamba-3: bfloat16), prompt 100, greedy, CUDA graphs for decoding'

/** Tokens per second of the official code: decoding at batch 1 and 64, prefill of 2,048, 16,384 and 131,072 tokens. */
const figures: Readonly<Record<string, readonly (number | undefined)[]>> = {
  'mamba-130m': [1049, 49_997, 126_226, 621_106, 680_290],
  'mamba-1.4b': [383, 15_859, 76_308, 96_979, 102_997],
  'mamba-2.8b': [251, 10_106, 55_382, 54_701],
  'mamba2-130m': [992, 35_057, 67_960, 391_708, 677_786],
  'mamba2-1.3b': [356, 8_866, 37_790, 104_778, 106_363],
  'mamba2-2.7b': [243, 5_494],
  'mamba3-siso-187m': [undefined, undefined, 87_853, 334_655, 354_049],
}

const columns: readonly Measure[] = [
  'decode, batch 1',
  'decode, batch 64, recorded',
  'prefill 2048',
  'prefill 16384',
  'prefill 131072',
]

/** Tokens per second of the official code; undefined where that was not measured. */
export function officialRate(model: string, measure: Measure): number | undefined {
  const column = measure === 'decode, batch 1, recorded' ? 'decode, batch 1' : measure
  return figures[model]?.[columns.indexOf(column)]
}
