import { defineConfig } from 'vitest/config'

// Packages of the workspace are read from `src`, so that tests need no build; with `--mode dist`, from what is published.
export default defineConfig(({ mode }) => {
  const published = ['module', 'node', 'import', 'default']
  const conditions = mode === 'dist' ? published : ['@mamba/source', ...published]
  return {
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: { include: ['src/**/*.test.ts'], testTimeout: 30_000 },
  }
})
