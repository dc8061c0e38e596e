import { fileURLToPath } from 'node:url'
import { defaultClientConditions, defineConfig } from 'vite'

/** Lets WebAssembly have threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  base: './',
  // The embedded model, with its tokenizer beside it.
  publicDir: fileURLToPath(new URL('data', import.meta.resolve('@mamba/stories/package.json'))),
  resolve: { conditions: ['@mamba/source', ...defaultClientConditions] },
  worker: { format: 'es' },
  build: { target: 'es2023' },
  server: { headers },
  preview: { headers },
})
