import { EPSILON, type Tolerance } from '@mamba/testing'

const float32 = (observed: number, k: number): Tolerance => ({ epsilon: EPSILON.f32, observed, k })

/**
 * What an op may be off by on a backend that computes in float32, in the units of {@link Tolerance}.
 *
 * `observed` is the worst of 400 random cases of each property on the cpu backend with every single operation rounded
 * to float32, in its recurrent and in its block forms. There exp, log and tanh are rounded correctly; devices are off
 * by several units, which is why k leaves more room where an op contains them.
 */
export const TOLERANCE = {
  /** Elements that are only copied or expanded. */
  copy: float32(0, 0),
  arithmetic: float32(1, 3),
  silu: float32(4, 16),
  /** Series for log(1 + x) in float32 stay below 1e-6, which is 17 units. */
  softplus: float32(2, 32),
  gelu: float32(6, 16),
  linear: float32(7, 20),
  /** Squares of 2,560 elements, added up one after the other. */
  rmsNorm: float32(23, 64),
  causalConv1d: float32(5, 16),
  /** 1,000 positions of slow decay, where every step adds its rounding error; 96 on a GPU's driver in software. */
  selectiveScan: float32(54, 256),
  /** As selectiveScan. */
  ssd: float32(45, 256),
  /** As selectiveScan. */
  mamba3Scan: float32(42, 256),
  crossEntropy: float32(9, 24),
} as const satisfies Record<string, Tolerance>
