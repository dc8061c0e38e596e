import { describe, expect, test } from 'vitest'
import { wasm } from './wasm.ts'

test('a page stays alive while its worker reads 512 tokens with the story model', async () => {
  const worker = new Worker(new URL('./testing/story-worker.ts', import.meta.url), { type: 'module' })
  try {
    await answer(worker)
    // The first tokens also take the time in which the engine compiles the kernels.
    worker.postMessage(16)
    await answer(worker)
    worker.postMessage(512)
    const pause = watchPauses()
    const duration = (await answer(worker)) as number
    expect(pause()).toBeLessThan(duration / 2)
  } finally {
    worker.terminate()
  }
})

describe.runIf(crossOriginIsolated)('the script of the workers as a file', () => {
  const workerUrl = new URL('./browser-worker.ts', import.meta.url)

  test('computes as the script within the package does', async () => {
    const results = [{ threads: 1 }, { threads: 2 }, { threads: 2, workerUrl }].map(async (options) => {
      const backend = await wasm(options)
      const x = backend.tensor(Float32Array.from({ length: 256 * 256 }, Math.sin), [256, 256], 'f32')
      const product = await backend.ops.linear(x, x).read()
      backend.destroy()
      return product
    })
    const [one, inline, file] = await Promise.all(results)
    expect(inline).toEqual(one)
    expect(file).toEqual(one)
  })

  test('that does not exist is a DeviceError that says so', async () => {
    const missing = new URL('/missing.js', location.href)
    await expect(wasm({ threads: 2, workerUrl: missing })).rejects.toThrow(
      expect.objectContaining({
        name: 'DeviceError',
        message: expect.stringContaining('a worker did not start'),
      }),
    )
  })
})

/** The next message of a worker. @throws Error if the worker fails before */
function answer(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`))
  })
}

/** Watches how long the page's timers and frames wait. @returns the longest wait until now, in milliseconds */
function watchPauses(): () => number {
  let [timer, frame, longest] = [performance.now(), performance.now(), 0]
  const tick = () => {
    longest = Math.max(longest, performance.now() - timer)
    timer = performance.now()
    setTimeout(tick)
  }
  const paint = () => {
    longest = Math.max(longest, performance.now() - frame)
    frame = performance.now()
    requestAnimationFrame(paint)
  }
  tick()
  paint()
  return () => Math.max(longest, performance.now() - timer, performance.now() - frame)
}
