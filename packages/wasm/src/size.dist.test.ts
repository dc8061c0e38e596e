import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

/*
 * How much a page loads: one of the binaries, and the JavaScript around it.
 */

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url))

test.each(['build/mamba.wasm', 'build/mamba-relaxed.wasm'])('%s is below 150 kB, not compressed', (path) => {
  expect(read(path).byteLength).toBeLessThan(150_000)
})

test('the JavaScript is below 25 kB, gzipped', () => {
  expect(gzipSync(read('dist/index.js')).byteLength).toBeLessThan(25_000)
})
