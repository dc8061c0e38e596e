/*
 * What a backend is built with: the checks of the ops' arguments, which also work out the sizes, the bookkeeping
 * of scopes, and programs that are not recorded. Published as `@mamba/core/backend`; models do not need it.
 */
export {
  checkCausalConv1d,
  checkCopy,
  checkCrossEntropy,
  checkElements,
  checkElementwise,
  checkEmbedding,
  checkIds,
  checkLinear,
  checkMamba3Scan,
  checkPositions,
  checkRmsNorm,
  checkSample,
  checkSelectiveScan,
  checkSsd,
} from './checks.ts'
export { RepeatedCall } from './repeated-call.ts'
export { collectOwners, TensorScopes } from './scopes.ts'
