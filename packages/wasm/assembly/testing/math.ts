/* The functions of `math/`, for their own tests alone; no part of the package. */
export { expOfMinus, silu, siluTimes, softplus } from '../math/activate'
export { gelu } from '../math/gelu'
export { turn } from '../math/sin-cos'
