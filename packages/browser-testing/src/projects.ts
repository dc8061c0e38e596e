import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import { findChromium } from './chromium.ts'

/** What {@link browserProjects} runs. */
export interface BrowserProjectsOptions {
  /** Patterns of the test files that run in browsers. */
  readonly include: readonly string[]
  /** Mode of vitest: with `dist`, packages of the workspace are read as they are published, otherwise from `src`. */
  readonly mode: string
  /** Whether the pages have WebGPU, in software where there is no graphics card. Default false. */
  readonly webgpu?: boolean
}

/** The headers of a page that may share memory between threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

const noNode = fileURLToPath(new URL('./no-node.ts', import.meta.url))

/**
 * Projects of vitest that run tests in pages of headless Chromium: one whose pages are cross-origin isolated, and one
 * whose pages are not; with WebGPU only the latter. Where no Chromium starts, one project with a skipped test that says why.
 */
export async function browserProjects({
  include,
  mode,
  webgpu = false,
}: BrowserProjectsOptions): Promise<TestProjectInlineConfiguration[]> {
  const found = await findChromium({ webgpu })
  if ('missing' in found) return [missingProject(found.missing)]
  const published = ['module', 'browser', 'import', 'default']
  const conditions = mode === 'dist' ? published : ['@mamba/source', ...published]
  const project = (name: string, headers: Record<string, string>): TestProjectInlineConfiguration => ({
    resolve: { conditions, alias: [{ find: /^node:(fs|path|url)$/, replacement: noNode }] },
    server: { headers },
    test: {
      name,
      include: [...include],
      testTimeout: 30_000,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: found.launchOptions }),
        instances: [{ browser: 'chromium' }],
      },
    },
  })
  if (webgpu) return [project('page with WebGPU', {})]
  return [project('isolated page', isolation), project('page', {})]
}

function missingProject(reason: string): TestProjectInlineConfiguration {
  return { test: { name: reason, root: import.meta.dirname, include: ['missing.test.ts'] } }
}
