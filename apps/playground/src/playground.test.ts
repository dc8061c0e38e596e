import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findChromium } from '@mamba/browser-testing'
import type { Browser, Page } from 'playwright'
import { build, type PreviewServer, preview } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Both start once, to see that they do.
const chromium = await findChromium()
const withWebGpu = await findChromium({ webgpu: true })
const missing = 'missing' in chromium ? chromium.missing : undefined

const root = fileURLToPath(new URL('..', import.meta.url))
const outDir = mkdtempSync(join(tmpdir(), 'mamba-playground-'))
const screenshot = (name: string) => join(root, 'test-output', `${name}.png`)

let server: PreviewServer
let browsers: { readonly plain: Browser; readonly webgpu: Browser }

describe.skipIf(missing !== undefined)(missing ?? 'the page', () => {
  beforeAll(async () => {
    if ('missing' in chromium || 'missing' in withWebGpu) throw new Error(missing)
    const config = { root, logLevel: 'error', build: { outDir, emptyOutDir: true } } as const
    await build(config)
    server = await preview({ ...config, preview: { host: 'localhost', port: 0 } })
    browsers = { plain: await chromium.launch(), webgpu: await withWebGpu.launch() }
  })
  afterAll(async () => {
    await browsers?.plain.close()
    await browsers?.webgpu.close()
    await server?.close()
    rmSync(outDir, { recursive: true })
  })

  test('writes a story on WebAssembly where there is no graphics card', async () => {
    const page = await openPage(browsers.plain)
    expect(await textOf(page, 'backend')).toMatch(/^wasm: WebAssembly, relaxed SIMD, \d+ threads?$/)
    await fill(page, { prompt: 'Once upon a time', temperature: '0', maxTokens: '40' })
    await page.getByRole('button', { name: 'Write' }).click()
    await statusIs(page, /^As long as asked for\. Seed \d+\.$/)
    expect(await textOf(page, 'story')).toMatch(
      /^Once upon a time, there was a little girl named Lily\. She loved to play with her toys/,
    )
    expect(await textOf(page, 'tokens')).toBe('40')
    expect(await textOf(page, 'speed')).toMatch(/^\d+\.\d tokens per second$/)
    await page.screenshot({ path: screenshot('light'), fullPage: true })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.screenshot({ path: screenshot('dark'), fullPage: true })
    await page.setViewportSize({ width: 360, height: 740 })
    await page.screenshot({ path: screenshot('narrow'), fullPage: true })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
    await page.close()
  })

  test('never takes a program that stands in for a graphics card, unless it is asked for', async () => {
    const page = await openPage(browsers.webgpu)
    expect(await textOf(page, 'backend')).toMatch(/^wasm: /)
    await page.close()
  })

  test('writes on WebGPU', async () => {
    const page = await openPage(browsers.webgpu, '?backend=webgpu')
    expect(await textOf(page, 'backend')).toMatch(/^webgpu: WebGPU, ./)
    await fill(page, { prompt: 'Once upon a time', temperature: '0', maxTokens: '2' })
    await page.getByRole('button', { name: 'Write' }).click()
    await statusIs(page, /^As long/)
    expect(await textOf(page, 'story')).toBe('Once upon a time, there')
    await page.close()
  })

  test('writes in plain JavaScript where WebAssembly is refused', async () => {
    const page = await openPage(browsers.plain, '', (url) => url.endsWith('.wasm'))
    expect(await textOf(page, 'backend')).toBe('cpu: JavaScript, 1 thread')
    await fill(page, { prompt: '<b>Once', temperature: '0', maxTokens: '2' })
    await page.getByRole('button', { name: 'Write' }).click()
    await statusIs(page, /^As long/)
    expect(await textOf(page, 'story')).toMatch(/^<b>Once./)
    await page.close()
  })

  test('stops when it is told to, and writes the next one with the same seed alike', async () => {
    const page = await openPage(browsers.plain)
    await fill(page, { prompt: 'Once upon a time', seed: '7', temperature: '1', maxTokens: '4096' })
    const write = page.getByRole('button', { name: 'Write' })
    const stop = page.getByRole('button', { name: 'Stop' })
    await write.click()
    expect(await write.isDisabled()).toBe(true)
    await page.waitForFunction(() => Number(document.getElementById('tokens')!.textContent) > 3)
    await stop.click()
    await statusIs(page, /^Stopped\. Seed 7\.$/)
    expect(await stop.isDisabled()).toBe(true)
    const first = await textOf(page, 'story')
    await fill(page, { maxTokens: '4' })
    await write.click()
    await statusIs(page, /^As long/)
    expect(first.startsWith(await textOf(page, 'story'))).toBe(true)
    await page.close()
  })

  test.each([
    ['the model is not there', '', (url: string) => url.endsWith('.gguf'), /stories-mamba-13m-q8_0\.gguf/],
    ['there is no such backend', '?backend=abacus', () => false, /there is no backend abacus/],
  ])('says what is wrong if %s', async (_, query, isBlocked, message) => {
    const page = await browsers.plain.newPage()
    await page.route('**', (route) => (isBlocked(route.request().url()) ? route.abort() : route.continue()))
    await page.goto(server.resolvedUrls!.local[0]! + query)
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(message)
    expect(await page.getByRole('button', { name: 'Write' }).isDisabled()).toBe(true)
    await page.close()
  })
})

/** Opens the page and waits until the model is loaded. */
async function openPage(browser: Browser, query = '', isBlocked?: (url: string) => boolean): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 960, height: 900 } })
  if (isBlocked) {
    // Of workers too.
    await page.context().route(
      (url) => isBlocked(url.href),
      (route) => route.abort(),
    )
  }
  await page.goto(server.resolvedUrls!.local[0]! + query)
  await statusIs(page, /^Ready\.$/)
  return page
}

async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(value)
}

async function statusIs(page: Page, text: RegExp): Promise<void> {
  await page.getByRole('status').filter({ hasText: text }).waitFor({ timeout: 60_000 })
}

async function textOf(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id}`).textContent()) ?? ''
}
