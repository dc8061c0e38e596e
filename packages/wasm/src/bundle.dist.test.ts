import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium } from '@mamba/browser-testing'
import { stories } from '@mamba/stories'
import { build, preview } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const chromium = await findChromium()
const missing = 'missing' in chromium ? chromium.missing : undefined

const script = new URL('./testing/page/main.ts', import.meta.url)
const root = fileURLToPath(new URL('.', script))
const outDir = mkdtempSync(join(tmpdir(), 'mamba-page-'))
const common = { root, configFile: false, logLevel: 'error', build: { outDir, emptyOutDir: true } } as const

const isolated = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}
const strict = {
  ...isolated,
  'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
}
const text = ', there was a little girl named Lily'

describe.skipIf(missing !== undefined)(
  missing ?? 'a page that Vite builds from the published package',
  () => {
    beforeAll(() => build({ ...common, publicDir: fileURLToPath(new URL('.', stories())) }))
    afterAll(() => rmSync(outDir, { recursive: true }))

    test('has one thread without cross-origin isolation', async () => {
      expect(await shownBy({})).toBe(`WebAssembly, relaxed SIMD, 1 thread${text}`)
    })

    test('has two threads with cross-origin isolation', async () => {
      expect(await shownBy(isolated)).toBe(`WebAssembly, relaxed SIMD, 2 threads${text}`)
    })

    test('needs the workers’ script as a file where a policy forbids blob: addresses', async () => {
      expect(await shownBy(strict)).toContain('DeviceError: wasm: a worker did not start')
      expect(await shownBy(strict, '?worker-file')).toBe(`WebAssembly, relaxed SIMD, 2 threads${text}`)
    })
  },
)

/** Opens the page. @returns what it shows in the end */
async function shownBy(headers: Record<string, string>, query = ''): Promise<string> {
  if ('missing' in chromium) throw new Error(chromium.missing)
  const server = await preview({ ...common, preview: { host: '127.0.0.1', port: 0, headers } })
  const browser = await chromium.launch()
  try {
    const page = await browser.newPage()
    await page.goto(server.resolvedUrls!.local[0]! + query)
    const output = page.locator('output[data-done]')
    await output.waitFor({ state: 'attached' })
    return (await output.textContent()) ?? ''
  } finally {
    await browser.close()
    await server.close()
  }
}
