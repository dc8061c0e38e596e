import { browserProjects } from '@mamba/browser-testing'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from '../../vitest.shared.ts'

const inBrowsers = 'src/**/*.browser.test.ts'
/** Tests that run in Node and in browsers. */
const everywhere = 'src/story.test.ts'

/** Tests of what is published. */
const needsDist = 'src/**/*.dist.test.ts'

export default defineConfig(async (env) => {
  const exclude = env.mode === 'dist' ? [inBrowsers] : [inBrowsers, needsDist]
  const node = mergeConfig(shared(env), { test: { name: 'Node', exclude } })
  const browsers = await browserProjects({ include: [inBrowsers, everywhere], mode: env.mode })
  // The kernels are compiled first where a source is newer than what is there.
  return { test: { globalSetup: './build.mjs', projects: [node, ...browsers] } }
})
