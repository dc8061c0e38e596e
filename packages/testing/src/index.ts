export {
  causalConv1dDims,
  chunkSizes,
  lengths,
  mamba3Dims,
  seeds,
  selectiveScanDims,
  splitLength,
  ssdDims,
  stepSizes,
} from './arbitraries.ts'
export { abs, type Floats, fill, joinAxis, sliceAxis } from './arrays.ts'
export { fixturePath, sharedPath } from './fixtures.ts'
export { type Golden, type Goldens, readGoldens } from './goldens.ts'
export {
  causalConv1dInputs,
  mamba3RotateInputs,
  mamba3ScanInputs,
  selectiveScanInputs,
  ssdInputs,
} from './inputs.ts'
export { type Random, seededRandom } from './random.ts'
export {
  EPSILON,
  type ErrorObserver,
  expectSame,
  expectWithin,
  observeErrors,
  TOLERANCE,
  type Tolerance,
  worstError,
} from './tolerance.ts'
