// Compiles assembly/ to build/mamba.wasm (SIMD) and build/mamba-relaxed.wasm (SIMD with fused multiply-add).
//
//   node build.mjs        builds
//   vitest's globalSetup  builds if a source is newer than the binaries, so that tests need no build before them
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = fileURLToPath(new URL('.', import.meta.url))
const binaries = [
  { path: 'build/mamba.wasm', features: ['simd', 'threads'] },
  { path: 'build/mamba-relaxed.wasm', features: ['simd', 'threads', 'relaxed-simd'] },
]
/** What the binaries are made from, besides all of assembly/. */
const sharedSources = ['build.mjs', 'src/control.ts', 'src/kernels.ts']

const options = [
  '-O3',
  // Raw memory only: no garbage collector, no runtime checks, no shadow stack that threads would share.
  ...['--runtime', 'stub', '--noAssert'],
  // JavaScript makes the memory; `src/module.ts` takes the mark "shared" off where there is but one thread.
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
]

/** Compiles both binaries. @throws Error with the compiler's messages */
export async function build() {
  mkdirSync(`${folder}build`, { recursive: true })
  for (const { path, features } of binaries) {
    const enable = features.flatMap((feature) => ['--enable', feature])
    const { error, stderr } = await asc.main(
      ['assembly/index.ts', '--baseDir', folder, '--outFile', path, ...options, ...enable],
      {},
    )
    if (error) throw new Error(`${path} does not compile:\n${stderr}`, { cause: error })
  }
}

/** Vitest's global setup. */
export async function setup() {
  if (Math.max(...sources().map(changedAt)) > Math.min(...binaries.map(({ path }) => changedAt(path))))
    await build()
}

function sources() {
  const files = readdirSync(`${folder}assembly`, { recursive: true, encoding: 'utf8' })
  return [...files.filter((file) => file.endsWith('.ts')).map((file) => `assembly/${file}`), ...sharedSources]
}

/** When a file was changed, in milliseconds; 0 if there is none. */
function changedAt(path) {
  return statSync(folder + path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
