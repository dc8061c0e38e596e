import { expect, test } from 'vitest'
import { kernelTables } from './kernels.ts'

test('kernels are shown with their share of the time and of the bandwidth', () => {
  const profile = {
    bandwidthBytesPerSecond: 4e12,
    prefill: [],
    decode: [
      { kernel: 'linear f16', count: 9600, microseconds: 30_000, bytes: 60e9 },
      { kernel: 'sample', count: 128, microseconds: 10_000, bytes: 0 },
    ],
  }
  expect(kernelTables(profile, { promptLength: 1024, tokens: 128 })).toBe(`
bandwidth of copying: 4.0 TB/s

kernels of prefill, 1,024 tokens  dispatches  ms  share  moved  a second  of bandwidth

kernels of decode, 128 tokens  dispatches  ms      share   moved    a second  of bandwidth
linear f16                     9,600       30.000  75.0 %  60.0 GB  2.0 TB/s  50.0 %
sample                         128         10.000  25.0 %
`)
})
