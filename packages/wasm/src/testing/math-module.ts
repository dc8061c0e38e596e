import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

/** A function on `count` elements at addresses; see `assembly/math`. */
export type ArrayFunction = (x: number, y: number, count: number) => void

/** The functions of `assembly/math`, and the memory that they compute in. */
export interface MathModule {
  readonly memory: WebAssembly.Memory
  readonly expOfMinus: ArrayFunction
  readonly silu: ArrayFunction
  readonly siluTimes: (x: number, other: number, y: number, count: number) => void
  readonly softplus: ArrayFunction
  readonly gelu: ArrayFunction
  readonly turn: (
    angles: number,
    rates: number,
    step: number,
    count: number,
    cosines: number,
    sines: number,
  ) => void
}

/** First byte that tests may use: what lies before it is the kernels' own. */
export const FREE_MEMORY = 4096

/** Compiles the functions of `assembly/math` by themselves. */
export async function mathModule(relaxedSimd: boolean): Promise<MathModule> {
  const baseDir = fileURLToPath(new URL('../..', import.meta.url))
  const enable = relaxedSimd ? ['simd', 'relaxed-simd'] : ['simd']
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(
    [
      ...['assembly/testing/math.ts', '--baseDir', baseDir, '--outFile', 'math.wasm'],
      ...['-O3', '--runtime', 'stub', '--noAssert', '--importMemory'],
      ...enable.flatMap((feature) => ['--enable', feature]),
    ],
    {
      writeFile(_, contents) {
        binary = Uint8Array.from(contents as Uint8Array)
      },
    },
  )
  if (error) throw new Error(`assembly/math does not compile:\n${stderr}`, { cause: error })
  const memory = new WebAssembly.Memory({ initial: 256 })
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory } })
  return { ...(instance.exports as unknown as Omit<MathModule, 'memory'>), memory }
}
