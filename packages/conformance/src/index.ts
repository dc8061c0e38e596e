export { describeBackend } from './describe-backend.ts'
export type { ConformanceOptions, WeightDType } from './suite.ts'
