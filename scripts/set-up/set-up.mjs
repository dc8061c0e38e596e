// Brings a clone to where its commands can run: pnpm, the dependencies with the pinned Node, built packages.
// Needs Node 20 or newer, npm and the npm registry; writes only into the clone and the caches of npm and pnpm.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { runChild } from './child.mjs'
import { withLock } from './lock.mjs'
import {
  buildKey,
  hasBuiltFiles,
  installKey,
  readState,
  root,
  workspaceFolders,
  writeState,
} from './state.mjs'

// The two pinned versions: pnpm's in package.json, Node's in the catalog of pnpm-workspace.yaml.
const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1]
const nodeVersion = /^ {2}node: (\S+)/m.exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8'))[1]

const tools = join(root, '.tools')
const pnpmHome = join(tools, `pnpm-${pnpmVersion}`)
const exe = process.platform === 'win32' ? '.exe' : ''

/** A step of the set-up that failed; `ending` says how its program ended. */
export class SetUpError extends Error {
  constructor(message, ending) {
    super(message)
    this.ending = ending
  }
}

/**
 * Does what is missing, and nothing when nothing is.
 * @param options.build whether the packages must be built, not only installed
 * @returns the Node to run with, and an environment in which `node` and `pnpm` are the pinned ones
 */
export async function setUp({ build }) {
  if (!isInstalled() || (build && !isBuilt())) {
    mkdirSync(tools, { recursive: true })
    const setUpAlone = async (addHolder) => {
      if (!isInstalled()) await install(addHolder)
      if (build && !isBuilt()) await buildPackages(addHolder)
    }
    await withLock(join(tools, 'lock'), setUpAlone, () => say('waiting for another set-up of this folder'))
  }
  const { node } = readState()
  return { node, env: environment(node) }
}

function isInstalled() {
  const { node, installed } = readState()
  return installed === installKey() && existsSync(node) && pnpmFolder() !== undefined
}

function isBuilt() {
  return readState().built === buildKey() && hasBuiltFiles()
}

async function install(addHolder) {
  if (!pnpmFolder()) await npmInstall(`pnpm@${pnpmVersion}`, pnpmHome, addHolder)
  // What an interrupted install left behind cannot be told from what is whole, so it goes.
  const unfinished = join(tools, 'unfinished')
  if (existsSync(unfinished)) {
    for (const folder of ['.', ...workspaceFolders()]) {
      rmSync(join(root, folder, 'node_modules'), { recursive: true, force: true })
    }
  }
  writeFileSync(unfinished, '')
  const installed = installKey()
  const settings = [
    // Which Node the packages will run on: not the one that runs this.
    `--config.node-version=${nodeVersion}`,
    // The age of the packages was checked when the lockfile was made; its hashes hold.
    '--config.minimum-release-age=0',
    '--config.confirm-modules-purge=false',
    '--config.update-notifier=false',
  ]
  const args = ['install', '--frozen-lockfile', ...settings]
  await step(`installing the dependencies and Node ${nodeVersion}`, pnpm(), args, { onSpawn: addHolder })
  writeState({ node: await findNode(addHolder), installed })
  rmSync(unfinished)
}

async function buildPackages(addHolder) {
  const { node, installed } = readState()
  const built = buildKey()
  // A build that fails leaves a mixture behind.
  writeState({ node, installed })
  const args = ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only']
  await step('building the packages', pnpm(), args, { env: environment(node), onSpawn: addHolder })
  writeState({ node, installed, built })
}

/**
 * The Node of the npm package `node`, whose install script may have been refused or have found no binary for this
 * platform; else the machine's own if it is as new; else the package with the binary, installed directly.
 */
async function findNode(addHolder) {
  const pinned = join(root, 'node_modules/node/bin', `node${exe}`)
  if (isNewEnough(pinned)) return pinned
  if (isNewEnough(process.execPath)) return process.execPath
  const platform = `${exe ? 'win' : process.platform}-${process.arch}`
  const binary = `${platform === 'darwin-arm64' ? 'node-bin' : 'node'}-${platform}`
  const home = join(tools, `node-${nodeVersion}`)
  await npmInstall(`${binary}@${nodeVersion}`, home, addHolder)
  return join(home, 'node_modules', binary, 'bin', `node${exe}`)
}

function isNewEnough(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return Number.parseInt(stdout?.slice(1), 10) >= Number.parseInt(nodeVersion, 10)
}

/** Installs one package with npm into `home`, which appears only once it is whole; runs no install scripts. */
async function npmInstall(spec, home, addHolder) {
  const partial = `${home}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial)
  const args = [
    'install',
    '--prefix',
    partial,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    spec,
  ]
  // npm names its own program to the scripts that it runs; to others it is on the path.
  const npm = process.env.npm_execpath
  const label = `installing ${spec}`
  if (npm?.endsWith('npm-cli.js')) await step(label, process.execPath, [npm, ...args], { onSpawn: addHolder })
  else await step(label, 'npm', args, { shell: process.platform === 'win32', onSpawn: addHolder })
  rmSync(home, { recursive: true, force: true })
  renameSync(partial, home)
}

/** Runs one program of the set-up. Its output is progress, so all of it goes to standard error. */
async function step(label, program, args, options) {
  say(label)
  const ending = await runChild(program, args, { cwd: root, stdio: ['ignore', 2, 2], ...options })
  // An interrupted turbo ends with status 0.
  if (ending.received) throw new SetUpError(`${label} was interrupted`, { signal: ending.received })
  if (ending.status !== 0) throw new SetUpError(`${label} failed`, ending)
}

function pnpm() {
  return join(pnpmFolder(), `pnpm${exe}`)
}

/** The folder of pnpm's native program, from the one platform package that npm chose. */
function pnpmFolder() {
  const scope = join(pnpmHome, 'node_modules/@pnpm')
  const name = existsSync(scope) && readdirSync(scope).find((folder) => folder.startsWith('exe.'))
  return name ? join(scope, name) : undefined
}

function environment(node) {
  const path = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  return {
    ...process.env,
    [path]: [dirname(node), pnpmFolder(), process.env[path]].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  }
}

function say(message) {
  process.stderr.write(`set-up: ${message}\n`)
}
