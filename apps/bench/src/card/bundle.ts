/*
 * Bundles the measurements of a graphics card into one module, .gpu/card.mjs of the repository, for machines that have
 * Node, the npm package `webgpu` and this repository's files, but nothing installed: `pnpm --filter @mamba/bench
 * card:bundle`. README.md beside this file says how to run it.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { commit } from '../report/machine.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const outfile = join(root, '.gpu/card.mjs')
const kernels = join(root, 'packages/webgpu/src')
const runner = fileURLToPath(new URL('./check/vitest.ts', import.meta.url))

/** The files that a name like `card:tests` stands for: a module that lists them and loads them when asked to. */
const lists: Readonly<Record<string, string>> = { tests: '**/*.test.ts', benches: '**/*.bench.ts' }

/** What files of the lists may import: others build, or run browsers or other processes. */
const known =
  /^(\.|node:(?!child_process)|vitest$|fast-check$|webgpu$|@mamba\/(core|models|stories|testing|wasm)\b)/

/** Not those that put other modules in the place of real ones, nor the conformance suite, which is run in any case. */
function isSelfContained(file: string): boolean {
  const text = readFileSync(join(kernels, file), 'utf8')
  const imports = Array.from(text.matchAll(/\b(?:from|import) ?\(?'([^']+)'/g), ([, name]) => name!)
  return !/\bvi\.(do)?[mM]ock\b/.test(text) && imports.every((name) => known.test(name))
}

const fileLists: Plugin = {
  name: 'file lists',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^card:/ }, ({ path }) => ({ path: path.slice('card:'.length), namespace: 'card' }))
    onLoad({ filter: /.*/, namespace: 'card' }, ({ path }) => {
      const found = globSync(lists[path]!, { cwd: kernels }).sort()
      const paths = found.filter(isSelfContained)
      const others = found.filter((file) => !paths.includes(file))
      if (others.length > 0) console.log(`left out: ${others.join(', ')}`)
      const entries = paths.map((file) => {
        const name = JSON.stringify(file.replaceAll('\\', '/'))
        return `{ path: ${name}, load: () => import(${JSON.stringify(join(kernels, file))}) }`
      })
      return { contents: `export const files = [${entries.join(', ')}]`, resolveDir: root }
    })
  },
}

/** Tests find a runner of ours in place of vitest, which itself gives them only its assertions. */
const vitest: Plugin = {
  name: 'vitest',
  setup({ onResolve }) {
    onResolve({ filter: /^vitest$/ }, ({ importer }) => (importer === runner ? undefined : { path: runner }))
  },
}

/** Files that modules find beside themselves are where they were, seen from the bundle. */
const addresses: Plugin = {
  name: 'addresses',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\](packages|apps)[/\\].*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const from = relative(dirname(outfile), path).replaceAll('\\', '/')
      const address = `new URL(${JSON.stringify(from)}, import.meta.url).href`
      return { contents: text.replaceAll('import.meta.url', `(${address})`), loader: 'ts' }
    })
  },
}

const { metafile } = await build({
  entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
  outfile,
  bundle: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['@mamba/source'],
  external: ['webgpu'],
  plugins: [vitest, fileLists, addresses],
  define: { 'process.env.CARD_COMMIT': JSON.stringify(commit()) },
  // Some packages of vitest are CommonJS.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
const [output] = Object.values(metafile.outputs)
console.log(`${relative(process.cwd(), outfile)}: ${(output!.bytes / 1e6).toFixed(1)} MB`)
