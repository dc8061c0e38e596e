import { browserProjects, useSwiftShader } from '@mamba/browser-testing'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from '../../vitest.shared.ts'

useSwiftShader()

const inBrowsers = 'src/**/*.browser.test.ts'

/** Tests of what is published. */
const needsDist = 'src/**/*.dist.test.ts'

export default defineConfig(async (env) => {
  const exclude = env.mode === 'dist' ? [inBrowsers] : [inBrowsers, needsDist]
  // Forks, because a driver is found by variables that count when a process starts.
  const node = mergeConfig(shared(env), { test: { name: 'Node', pool: 'forks', exclude } })
  const browsers = await browserProjects({ include: [inBrowsers], mode: env.mode, webgpu: true })
  return { test: { projects: [node, ...browsers] } }
})
