import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { findChromium } from '@mamba/browser-testing'
import { stories } from '@mamba/stories'
import { build, preview } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const chromium = await findChromium({ webgpu: true })
const missing = 'missing' in chromium ? chromium.missing : undefined

const script = new URL('./testing/page/main.ts', import.meta.url)
const root = fileURLToPath(new URL('.', script))
const outDir = mkdtempSync(join(tmpdir(), 'mamba-page-'))
const common = { root, configFile: false, logLevel: 'error', build: { outDir, emptyOutDir: true } } as const

describe('a program of ten lines that Vite builds from the published packages', () => {
  beforeAll(() => build({ ...common, publicDir: fileURLToPath(new URL('.', stories())) }))
  afterAll(() => rmSync(outDir, { recursive: true }))

  test('is at most 120 kB, compressed, tokenizer included', () => {
    expect(readFileSync(script, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(10)
    const files = readdirSync(outDir, { recursive: true, encoding: 'utf8' })
    const scripts = files
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(outDir, name)))
    const bytes = scripts.reduce((sum, code) => sum + gzipSync(code).length, 0)
    console.log(`core, models and webgpu: ${(bytes / 1000).toFixed(1)} kB compressed`)
    expect(bytes).toBeLessThanOrEqual(120_000)
    expect(bytes).toBeGreaterThan(50_000)
  })

  test.skipIf(missing)(
    missing ?? 'runs in a page',
    async () => {
      if ('missing' in chromium) throw new Error(missing)
      const server = await preview({ ...common, preview: { host: 'localhost', port: 0 } })
      const browser = await chromium.launch()
      try {
        const page = await browser.newPage()
        const errors: string[] = []
        page.on('pageerror', ({ message }) => errors.push(message))
        await page.goto(server.resolvedUrls!.local[0]!)
        const output = page.locator('output[data-done]')
        await output.waitFor({ state: 'attached', timeout: 80_000 }).catch(() => {})
        expect(errors).toEqual([])
        expect(await output.textContent()).toBe(', there')
        expect(await output.getAttribute('data-done')).toMatch(/^WebGPU, ./)
      } finally {
        await browser.close()
        await server.close()
      }
    },
    90_000,
  )
})
