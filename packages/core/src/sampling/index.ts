export { logSoftmax, type TokenLogprob, topLogprobs } from './logprobs.ts'
export { type ResolvedSampling, resolveSampling, type SamplingOptions } from './options.ts'
export { uniform } from './random.ts'
export { sampleLogits } from './sample.ts'
