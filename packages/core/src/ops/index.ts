/*
 * What a backend is built with: the checks of the ops' arguments, which also work out the sizes, and the bookkeeping
 * of scopes. Published as `@mamba/core/backend`; models do not need it.
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
export { TensorScopes } from './scopes.ts'
