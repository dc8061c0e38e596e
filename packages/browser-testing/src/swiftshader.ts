import { delimiter, join } from 'node:path'
import { unpackedFolder } from './chromium.ts'

/**
 * Lets WebGPU in Node find SwiftShader, the Vulkan driver in software that lies inside the npm package
 * `@sparticuz/chromium`, by variables of the environment. Libraries are looked for when a process starts, so call it
 * in the parent of the process that needs it: in a `vitest.config.ts`, with forks as pool.
 *
 * Where the environment already names a driver, or on platforms other than Linux x64, it does nothing: WebGPU then runs
 * on what the machine has.
 */
export function useSwiftShader(): void {
  const { env, platform, arch } = process
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || platform !== 'linux' || arch !== 'x64') return
  const folder = unpackedFolder()
  env.VK_ICD_FILENAMES = join(folder, 'vk_swiftshader_icd.json')
  env.LD_LIBRARY_PATH = [folder, env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter)
}
