/*
 * Ids of the kernels and of the dtypes that they know. This file is read twice: as TypeScript by the host, which asks
 * for a kernel by its id, and as AssemblyScript by `assembly/dispatch.ts`, which calls it. What the arguments are
 * stands at the top of each kernel.
 */

export const GEMV = 0
export const GEMM = 1
export const GEMM_BLOCKS = 2
export const PREPARE_ROWS = 3
export const QUANTIZE_ROWS = 4
export const EMBEDDING = 5
export const COPY_ROWS = 6
export const CHUNK_MAXIMA = 7
export const EXP_SUMS = 8
export const COLLECT = 9
export const CROSS_ENTROPY = 10
export const READ_BYTES = 11
export const ELEMENTWISE = 12
export const RMS_NORM = 13
export const CAUSAL_CONV1D = 14
export const SELECTIVE_SCAN = 15
export const SSD_STEP = 16
export const SSD_SCORES = 17
export const SSD_BLOCKS = 18
export const MAMBA3_STEP = 19
export const MAMBA3_BLOCKS = 20
export const GEMV_BLOCKS = 21

/** Dtypes. */
export const F32 = 0
export const F16 = 1
export const BF16 = 2
export const Q8_0 = 3
export const Q4_0 = 4

/** Functions of `ELEMENTWISE`. */
export const ADD = 0
export const MUL = 1
export const SCALE = 2
export const SILU = 3
export const SOFTPLUS = 4
export const GELU = 5
export const RELU2 = 6
export const SWI_GLU = 7

/** Channels that `CAUSAL_CONV1D` takes together. */
export const CONV_CHANNELS = 64
/** Channels that `SELECTIVE_SCAN` takes together. */
export const SCAN_CHANNELS = 64
/** Positions that it takes together: few enough that all they need stays in the first-level cache. */
export const SCAN_POSITIONS = 16
/** Rows of a chunk of the block forms of Mamba-2 and Mamba-3, for the same reason. */
export const CHUNK = 16
