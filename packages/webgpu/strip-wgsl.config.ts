import { readFile } from 'node:fs/promises'
import type { Options } from 'tsup'

// Not those with quotes, behind which a string may end and go on. TypeScript around shaders loses its comments too.
const comment = /(^\s*|[ \t]+)\/\/[^`'"\n]*$/gm
const indentation = /^\s+/gm

/** A plugin of esbuild: shaders are published without most of their comments and indentation. */
export const stripWgsl: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'strip-wgsl',
  setup(build) {
    build.onLoad({ filter: /\.wgsl\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return { contents: text.replaceAll(comment, '').replaceAll(indentation, ''), loader: 'ts' }
    })
  },
}
