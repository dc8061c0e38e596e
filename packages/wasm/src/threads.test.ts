import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FAILED, GENERATION, SLEEPERS, STOP } from './control.ts'
import { COPY_ROWS } from './kernels.ts'
import { copyRows } from './ops/copy-rows.ts'
import { type TestContext, testContext } from './testing/context.ts'

const contexts: TestContext[] = []

async function start(threads: number): Promise<TestContext> {
  const made = await testContext({ threads })
  contexts.push(made)
  return made
}

afterEach(() => {
  for (const made of contexts.splice(0)) made.destroy()
})

/** A word that threads share. */
function word({ context }: TestContext, address: number): number {
  return Atomics.load(new Int32Array(context.heap.bytes.buffer), address / 4)
}

/** Copies `count` rows of 64 bytes, as many tiles, and checks that each one arrived. */
function expectJobDone({ context }: TestContext, count: number, value: number): void {
  const [from, to] = [context.heap.allocate(64 * count), context.heap.allocate(64 * count)]
  context.floats(from, 16 * count).fill(value)
  context.floats(to, 16 * count).fill(Number.NaN)
  context.run(COPY_ROWS, [from, 64, to, 64, count, 64, 1], count)
  expect(context.floats(to, 16 * count).findIndex((element) => element !== value)).toBe(-1)
  context.heap.free(from)
  context.heap.free(to)
}

describe.each([1, 2, 4])('%d threads', (threads) => {
  test('lose no tile of 1,000 jobs, whatever their number of tiles', async () => {
    const made = await start(threads)
    for (let job = 0; job < 1000; job++) expectJobDone(made, 1 + (job % 100), job)
  })

  test('go to sleep when nothing is to do, and wake up again', async () => {
    const made = await start(threads)
    for (let round = 0; round < 3; round++) {
      await expect.poll(() => word(made, SLEEPERS), { timeout: 10_000 }).toBe(threads - 1)
      for (let job = 0; job < 50; job++) expectJobDone(made, 64, job)
    }
  })

  test('do nothing for a job without tiles', async () => {
    const { context } = await start(threads)
    const row = { start: context.heap.allocate(64), stride: 64 }
    expect(() => copyRows(context, row, row, 0, 64)).not.toThrow()
  })
})

describe('what goes wrong', () => {
  test.each([1, 2])('in a kernel is a DeviceError, then and from then on; %d threads', async (threads) => {
    const { context } = await start(threads)
    const outside = context.heap.bytes.byteLength
    const job = () => context.run(COPY_ROWS, [outside, 64, outside, 64, 8, 64, 1], 8)
    expect(job).toThrow(expect.objectContaining({ name: 'DeviceError' }))
    expect(() => context.run(COPY_ROWS, [], 0)).toThrow(expect.objectContaining({ name: 'DeviceError' }))
  })

  test('in a worker, within a job, ends the waiting for it with a DeviceError', async () => {
    const made = await start(2)
    // As the worker does that catches a trap, before the calling thread looks.
    Atomics.store(new Int32Array(made.context.heap.bytes.buffer), FAILED / 4, 1)
    const jobs = () => {
      for (let job = 0; job < 1000; job++) expectJobDone(made, 100, job)
    }
    expect(jobs).toThrow(
      expect.objectContaining({ name: 'DeviceError', message: expect.stringContaining('failed') }),
    )
  })

  test('when a worker dies: the next op is a DeviceError', async () => {
    const { context } = await start(2)
    const words = new Int32Array(context.heap.bytes.buffer)
    Atomics.store(words, STOP / 4, 1)
    Atomics.add(words, GENERATION / 4, 1)
    Atomics.notify(words, GENERATION / 4)
    await vi.waitFor(() => expect(() => context.expectAlive()).toThrow('wasm: a worker died'), 10_000)
  })

  test('after destroy: everything is a DeviceError that says so', async () => {
    const { context, destroy } = await start(2)
    destroy()
    await delay(0)
    expect(() => context.run(COPY_ROWS, [], 1)).toThrow(
      expect.objectContaining({ name: 'DeviceError', message: expect.stringContaining('was destroyed') }),
    )
  })
})
