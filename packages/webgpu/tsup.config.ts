import { defineConfig } from 'tsup'
import { stripWgsl } from './strip-wgsl.config.ts'

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: ['webgpu'],
  esbuildPlugins: [stripWgsl],
  tsconfig: 'tsconfig.build.json',
  // Names stay, so that stacks can be read; the sources are in the package too.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
})
