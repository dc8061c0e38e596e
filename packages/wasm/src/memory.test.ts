import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HEAP_START } from './control.ts'
import { Heap, PAGE } from './memory.ts'

const mebibyte = 2 ** 20

function makeHeap(limit = 256 * mebibyte): Heap {
  return new Heap(new WebAssembly.Memory({ initial: 1, maximum: limit / PAGE }), limit)
}

describe('allocations', () => {
  test('are aligned, apart from each other, and all freed in the end', () => {
    const steps = fc.array(fc.record({ size: fc.nat(300_000), freeing: fc.nat(3) }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (list) => {
        const heap = makeHeap()
        const live = new Map<number, number>()
        for (const { size, freeing } of list) {
          const address = heap.allocate(size)
          expect(address % 64).toBe(0)
          for (const [other, otherSize] of live) {
            expect(address + size <= other || other + otherSize <= address, 'they do not overlap').toBe(true)
          }
          live.set(address, size)
          for (const old of [...live.keys()].slice(0, freeing)) {
            heap.free(old)
            live.delete(old)
          }
        }
        for (const address of live.keys()) heap.free(address)
        expect(heap.liveBytes).toBe(0)
        expect(heap.allocate(100 * mebibyte), 'all gaps have joined again').toBe(HEAP_START)
      }),
    )
  })

  test('of the same sizes, 100 times, need no more memory than once', () => {
    const heap = makeHeap()
    const sizes = [3_000_000, 64, 1_000_000, 5, 700_000]
    const round = () => {
      for (const address of sizes.map((size) => heap.allocate(size))) heap.free(address)
    }
    round()
    const { byteLength } = heap.bytes
    for (let i = 0; i < 100; i++) round()
    expect(heap.bytes.byteLength).toBe(byteLength)
    expect(heap.liveBytes).toBe(0)
  })

  test('fill the gaps that were left', () => {
    const heap = makeHeap()
    const [a, b, c] = [1000, 1000, 1000].map((size) => heap.allocate(size))
    heap.free(b!)
    expect(heap.allocate(900)).toBe(b)
    heap.free(a!)
    heap.free(b!)
    expect(heap.allocate(2000)).toBe(a)
    expect(heap.allocate(1)).toBeGreaterThan(c!)
  })

  test('of zeros are zero, where something was and where nothing was', () => {
    const heap = makeHeap()
    const used = heap.allocate(1000)
    heap.bytes.fill(7, used, used + 1000)
    heap.free(used)
    const address = heap.allocateZeros(5000)
    expect(address).toBe(used)
    expect(heap.bytes.subarray(address, address + 5000).every((byte) => byte === 0)).toBe(true)
  })

  test('of no bytes have an address of their own', () => {
    const heap = makeHeap()
    expect(heap.allocate(0)).not.toBe(heap.allocate(0))
  })
})

describe('growing', () => {
  test('keeps what is in the memory', () => {
    const heap = makeHeap()
    const address = heap.allocate(8)
    heap.floats[address / 4] = 1.5
    heap.words[address / 4 + 1] = 7
    heap.allocate(100 * mebibyte)
    expect(heap.bytes.byteLength).toBeGreaterThan(100 * mebibyte)
    expect(heap.floats[address / 4]).toBe(1.5)
    expect(heap.words[address / 4 + 1]).toBe(7)
  })

  test('stops at the limit with a DeviceError that gives the arithmetic, and changes nothing', () => {
    const heap = makeHeap(2 * mebibyte)
    const address = heap.allocate(mebibyte)
    expect(() => heap.allocate(1.5 * mebibyte)).toThrow(
      expect.objectContaining({
        name: 'DeviceError',
        message: expect.stringContaining(
          'out of memory: 1.5 MiB more are needed, 1.0 MiB are in use, and its limit is 2.0 MiB',
        ),
      }),
    )
    expect(heap.liveBytes).toBe(mebibyte)
    heap.free(address)
    expect(heap.allocate(1.5 * mebibyte)).toBe(address)
  })
})
