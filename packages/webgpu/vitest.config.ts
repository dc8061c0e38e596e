import { browserProjects, useSwiftShader } from '@mamba/browser-testing'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from '../../vitest.shared.ts'

useSwiftShader()

const inBrowsers = 'src/**/*.browser.test.ts'

/** Tests of what is published. */
const needsDist = 'src/**/*.dist.test.ts'

/** Tests of what this package does with other packages, as those are published; its kernels know none of them. */
const withOthers = ['src/backend.test.ts', 'src/recover.test.ts']

export default defineConfig(async (env) => {
  // Forks, because a driver is found by variables that count when a process starts.
  const node = mergeConfig(shared(env), { test: { name: 'Node', pool: 'forks' } })
  if (env.mode === 'dist') return { test: { ...node.test, include: [needsDist, ...withOthers] } }
  node.test = { ...node.test, exclude: [inBrowsers, needsDist] }
  const browsers = await browserProjects({ include: [inBrowsers], mode: env.mode, webgpu: true })
  return { test: { projects: [node, ...browsers] } }
})
