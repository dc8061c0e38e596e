import type { Backend } from './backend.ts'
import { DeviceError, MambaError } from './errors.ts'

/**
 * Starts the first backend that works here: `firstAvailable([webgpu, wasm, async () => cpu()])`.
 * @param candidates start a backend each, the one to prefer first; none is called after one that works
 * @throws DeviceError that says for each why it does not work; any other error of a candidate at once
 */
export async function firstAvailable<Start extends () => Promise<Backend>>(
  candidates: readonly Start[],
): Promise<Awaited<ReturnType<Start>>> {
  const reasons: string[] = []
  for (const start of candidates) {
    try {
      return (await start()) as Awaited<ReturnType<Start>>
    } catch (error) {
      if (!MambaError.is(error, 'DeviceError')) throw error
      reasons.push(error.message)
    }
  }
  throw new DeviceError(`firstAvailable: no backend works here: ${reasons.join('; ') || 'none was given'}`)
}
