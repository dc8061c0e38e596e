import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type LaunchOptions } from 'playwright'

/** A headless Chromium that starts. */
export interface Chromium {
  /** What playwright starts it with. */
  readonly launchOptions: LaunchOptions
  launch(): Promise<Browser>
}

/** What {@link findChromium} looks for. */
export interface ChromiumOptions {
  /** Whether its pages have WebGPU: on the packed one in software. Default false. */
  readonly webgpu?: boolean
}

/** Without its sandbox, which containers cannot give it; without a GPU; without traffic of its own. */
const plain = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Finds a headless Chromium, and starts it once to see that it works: on Linux x64 the one inside the npm package
 * `@sparticuz/chromium`, elsewhere the Chrome that is installed.
 * @returns `missing`, the reason why there is none, where none starts
 */
export async function findChromium({
  webgpu = false,
}: ChromiumOptions = {}): Promise<Chromium | { readonly missing: string }> {
  const isPacked = process.platform === 'linux' && process.arch === 'x64'
  // Without it, WebGPU is for graphics cards only.
  const args = webgpu ? [...plain, '--enable-unsafe-webgpu'] : plain
  try {
    const launchOptions = isPacked
      ? { executablePath: unpackedChromium(), args }
      : { channel: 'chrome', args }
    const launch = () => chromium.launch(launchOptions)
    await (await launch()).close()
    return { launchOptions, launch }
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
    return { missing: `Chromium does not start on ${process.platform} ${process.arch}: ${reason}` }
  }
}

function unpackedChromium(): string {
  return join(unpackedFolder(), 'chromium')
}

/** Folder with the packed Chromium and its libraries; it is unpacked at the first call in this clone. */
export function unpackedFolder(): string {
  const folder = fileURLToPath(new URL('../unpacked', import.meta.resolve('@sparticuz/chromium')))
  if (!existsSync(folder)) unpackInto(folder)
  return folder
}

function unpackInto(folder: string): void {
  const temporary = mkdtempSync(`${folder}-`)
  try {
    // The package unpacks into the system's temporary folder, and takes whatever lies there under the same name for
    // its own. Hence a process with an empty one.
    const script = "await (await import('@sparticuz/chromium')).default.executablePath()"
    const env = { ...process.env, TMPDIR: temporary }
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const args = ['--input-type=module', '--eval', script]
    const { status, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`@sparticuz/chromium cannot be unpacked: ${stderr}`)
    // In one step, so that no other process finds half of it; that process may also have been first.
    if (!existsSync(folder)) renameSync(temporary, folder)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}
