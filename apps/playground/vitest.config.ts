import { defineConfig } from 'vitest/config'

// The kernels of the wasm backend are compiled first where a source is newer than what is there.
export default defineConfig({
  test: { include: ['src/**/*.test.ts'], testTimeout: 90_000, globalSetup: '../../packages/wasm/build.mjs' },
})
