// What has been set up in this clone, and what should be.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

// Inside node_modules, so that it goes when the dependencies go.
const stateFile = join(root, 'node_modules/.set-up.json')

/** @returns what the last set-up wrote: `node` (path), `installed` and `built` (keys as below) */
export function readState() {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8'))
  } catch {
    return {}
  }
}

export function writeState(state) {
  writeFileSync(`${stateFile}.new`, JSON.stringify(state))
  renameSync(`${stateFile}.new`, stateFile)
}

/** The folders of all packages and apps, relative to the root. */
export function workspaceFolders() {
  return ['packages', 'apps']
    .filter(isThere)
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name)))
}

/** Identifies, by content, all that decides what is installed. */
export function installKey() {
  const manifests = workspaceFolders().map((folder) => join(folder, 'package.json'))
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of files.filter(isThere)) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Identifies, by names, sizes and times (cheap enough for every start), all that decides what is built. */
export function buildKey() {
  const hash = createHash('sha256')
  for (const file of ['tsconfig.base.json', ...builtFolders().flatMap(buildInputs)]) {
    const { size, mtimeMs } = statSync(join(root, file))
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/** Whether every package that is built has its output. */
export function hasBuiltFiles() {
  return builtFolders().every((folder) => isThere(join(folder, 'dist/index.js')))
}

function builtFolders() {
  return workspaceFolders().filter((folder) => {
    const manifest = join(folder, 'package.json')
    return isThere(manifest) && JSON.parse(readFileSync(join(root, manifest), 'utf8')).scripts?.build
  })
}

function buildInputs(folder) {
  return readdirSync(join(root, folder))
    .filter((name) => !['node_modules', 'dist', 'build', 'test-output', '.turbo'].includes(name))
    .flatMap((name) => filesUnder(join(folder, name)))
    .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.md'))
    .sort()
}

function filesUnder(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap((name) => filesUnder(join(path, name)))
}

function isThere(path) {
  return existsSync(join(root, path))
}
