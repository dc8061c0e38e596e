import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/ops/index.ts', 'src/ssm/index.ts'],
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  tsconfig: 'tsconfig.build.json',
  // Names stay, so that stacks can be read; the sources are in the package too.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
})
