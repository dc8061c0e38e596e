import type { Backend } from '@mamba/core'
import type { WebGpuBackend } from '../backend.ts'

/** What a measured function does, so that its speed can be told in other units than time. */
export interface MeasureOptions {
  /** Bytes that one call reads and writes at least. */
  readonly bytes?: number
  /** Floating-point operations of one call; a multiplication with an addition counts as two. */
  readonly flops?: number
  /** Calls that the function makes each time, such as one per layer; all figures are of one of them. Default 1. */
  readonly calls?: number
}

/** Milliseconds that a series should take at least, so that waiting for its end does not count. */
const SERIES_MS = 40
const SERIES = 7

/**
 * Measures how long a function of ops takes on the device, and prints a line: µs of one call, and GB/s and TFLOP/s
 * where `options` say what it does. The function is called again and again, what it makes is freed each time; the
 * figure is the median of several such series, each ended by `backend.finish()`.
 *
 * Weights of a few megabytes stay in the cache of a large card: let the function go through several of them, as the
 * layers of a model do, with `calls` saying how many.
 *
 * Ops that take less than the processor needs to enqueue them (some 5 µs) must be recorded with `backend.capture`, and
 * the function replays them.
 * @returns µs of one call
 */
export async function measure(
  backend: Backend,
  label: string,
  fn: () => unknown,
  { bytes, flops, calls = 1 }: MeasureOptions = {},
): Promise<number> {
  const count = await calibrate(backend, fn)
  const times: number[] = []
  for (let i = 0; i < (isTiny(backend) ? 1 : SERIES); i++) times.push(await series(backend, fn, count))
  return print(label, (1000 * median(times)) / (count * calls), bytes, flops)
}

/**
 * As {@link measure}, but by the device's own clock: the time of all kernels that the function runs, without what is
 * between them. For ops that take less than the processor needs to enqueue them.
 * @throws DeviceError if the device has no timestamps
 */
export async function measureKernels(
  backend: WebGpuBackend,
  label: string,
  fn: () => unknown,
  { bytes, flops, calls = 1 }: MeasureOptions = {},
): Promise<number> {
  const count = isTiny(backend) ? 1 : Math.ceil(200 / calls)
  const times: number[] = []
  // The first also compiles the kernels, and lets the card leave its idle clock.
  for (let i = 0; i < (isTiny(backend) ? 2 : SERIES); i++) {
    const kernels = await backend.profile(() => repeat(backend, fn, count))
    times.push(kernels.reduce((sum, { microseconds }) => sum + microseconds, 0))
  }
  return print(label, median(times.slice(1)) / (count * calls), bytes, flops)
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!
}

function print(
  label: string,
  microseconds: number,
  bytes: number | undefined,
  flops: number | undefined,
): number {
  const figures = [`${microseconds.toFixed(2).padStart(10)} µs`]
  if (bytes !== undefined) figures.push(`${(bytes / microseconds / 1e3).toFixed(1).padStart(8)} GB/s`)
  if (flops !== undefined) figures.push(`${(flops / microseconds / 1e6).toFixed(2).padStart(7)} TFLOP/s`)
  console.log(`${label.padEnd(70)} ${figures.join('  ')}`)
  return microseconds
}

/** Whether a bench should do next to nothing, as the device is a program that stands in for a graphics card. */
export function isTiny(backend: Backend): boolean {
  return backend.info.notes.length > 0
}

/** Calls of a series; also compiles the kernels, and lets the card leave its idle clock. */
async function calibrate(backend: Backend, fn: () => unknown): Promise<number> {
  await series(backend, fn, 1)
  if (isTiny(backend)) return 1
  for (let count = 1; ; count *= 2) {
    const time = await series(backend, fn, count)
    if (time >= SERIES_MS) return count
  }
}

/** Milliseconds of `count` calls. */
async function series(backend: Backend, fn: () => unknown, count: number): Promise<number> {
  const start = performance.now()
  repeat(backend, fn, count)
  await backend.finish()
  return performance.now() - start
}

function repeat(backend: Backend, fn: () => unknown, count: number): void {
  for (let i = 0; i < count; i++) {
    backend.ops.scope(() => {
      fn()
    })
  }
}
