/*
 * Byte addresses of the words by which JavaScript and the kernels talk. This file is read twice: as TypeScript by the
 * host, and as AssemblyScript by the kernels.
 *
 * Words that different threads write at the same time lie 64 bytes apart, one cache line each.
 */

/** i64: the job's generation in the upper half, the number of its tiles that nobody has taken yet in the lower. */
export const TICKET = 1024
/** i32: tiles of the job that are finished. */
export const DONE = 1088
/** i32: goes up by one with every job; sleeping workers wait on it. */
export const GENERATION = 1152
/** i32: workers that sleep. */
export const SLEEPERS = 1216
/** i32: 1 while the calling thread sleeps until {@link DONE} changes. */
export const CALLER_SLEEPS = 1220

/** i32: the job's kernel, an id of `kernels.ts`. */
export const KERNEL = 1280
/** u32: address of the job's arguments. */
export const JOB_ARGUMENTS = 1284
/** i32: tiles of the job in all. */
export const TILES = 1288

/** i32: threads that take part, the calling one included. */
export const THREADS = 1344
/** i32: 1 where the calling thread may sleep; a browser's main thread may not. */
export const MAY_SLEEP = 1348
/** i32: 1 tells workers to end. */
export const STOP = 1352
/** i32: 1 if a kernel trapped in a worker. */
export const FAILED = 1356
/** u32: address of the first thread's scratch memory. */
export const SCRATCH = 1360
/** u32: bytes of scratch memory of each thread. */
export const SCRATCH_BYTES = 1364

/** Vectors that the kernels keep here; see `assembly/runtime/constants.ts`. */
export const CONSTANTS = 1536
/** 128 words that hold the arguments of the running kernel. */
export const ARGUMENTS = 2048
/** First byte that tensors may use. */
export const HEAP_START = 4096
