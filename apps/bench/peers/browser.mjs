/*
 * An engine in headless Chromium, as a child process: `browser.mjs <options>`, whose `page` is the path, from the
 * repository's root, of a module that exports `load({ modelUrl, threads, vocabSize })`.
 */
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'
import { servePages } from '../src/engines/page-server.ts'
import { serve } from '../src/engines/serve.ts'

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]

await serve(async ({ page: modulePath, modelPath, threads, vocabSize }) => {
  const server = await servePages(modelPath)
  const executablePath = await chromium.executablePath()
  const browser = await playwright.launch({ executablePath, args: flags, headless: true })
  const page = await browser.newPage()
  page.on('pageerror', (error) => process.stderr.write(`${error.stack}\n`))
  await page.goto(server.origin)
  const options = { modelUrl: `${server.origin}/model.gguf`, threads, vocabSize }
  const about = await page.evaluate(
    async ([path, options]) => {
      const { load } = await import(path)
      globalThis.engine = await load(options)
      return globalThis.engine.about
    },
    [`/${modulePath}`, options],
  )
  return {
    about: `${about} in Chromium ${browser.version()}`,
    measure: (workload) => page.evaluate((workload) => globalThis.engine.measure(workload), workload),
    close: () => browser.close(),
  }
})
