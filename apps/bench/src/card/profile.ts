import type { Backend, DType } from '@mamba/core'
import { DeviceError } from '@mamba/core'
import type { Model } from '@mamba/models'
import type { KernelTime, WebGpuBackend } from '@mamba/webgpu'
import type { Budget } from './budget.ts'
import { cardText, describeCard, isWebGpu } from './card.ts'
import { openModel, someIds } from './models.ts'
import { markdownTable, type Output } from './output.ts'
import { recordSteps } from './recorded-steps.ts'

/** Steps, and chunks, that are measured together. */
const STEPS = 16
const CHUNKS = 4

/** What is looked into. */
export interface ProfileOptions {
  readonly model: string
  readonly dtype: DType
  readonly batch: number
  /** Positions of the chunk. */
  readonly chunkSize: number
  readonly budget: Budget
}

/** Kernels of one unit of work. */
interface Section {
  readonly title: string
  /** Milliseconds of one unit when nothing is measured within it. */
  readonly wallMs: number
  /** Units that the times are of. */
  readonly units: number
  readonly kernels: readonly KernelTime[]
}

/** Prints what each kernel takes in decoding and in reading a prompt. */
export async function profile(backend: Backend, options: ProfileOptions, output: Output): Promise<boolean> {
  if (!isWebGpu(backend)) throw new DeviceError(`profile: the ${backend.name} backend has no timestamps`)
  const { model: name, dtype, batch, budget } = options
  using model = await openModel(name, dtype, backend, budget.signal)
  const bandwidth = await backend.measureBandwidth()
  const sections = [await decoding(model, backend, options), await reading(model, backend, options)]
  const card = describeCard(backend)
  const title = `${name} ${dtype}, batch ${batch}`
  const text = sections.map((section) => sectionText(section, bandwidth)).join('\n\n')
  const markdown = `# Time of each kernel: ${title}

${cardText(card)}. Written by \`card.mjs profile\`. Timestamps around each dispatch, which runs in a pass of its own.
Copying takes ${(bandwidth / 1e9).toFixed(0)} GB/s here, read and written; shares are of that.

${text}
`
  console.log(markdown)
  const file = `profile-${title.replaceAll(/[^a-z0-9.]+/gi, '-')}`
  output.write(file, { json: { card, ...options, budget: undefined, bandwidth, sections }, markdown })
  return true
}

async function decoding(
  model: Model,
  backend: WebGpuBackend,
  { batch, budget }: ProfileOptions,
): Promise<Section> {
  using state = model.createState({ batch })
  using steps = recordSteps(model, state)
  const run = () => steps.run(STEPS, budget.signal)
  await run()
  const { ms } = await run()
  const kernels = await backend.profile(run)
  const title = batch === 1 ? 'Decoding a token' : `Decoding a token of ${batch} sequences`
  return { title, wallMs: ms, units: STEPS, kernels }
}

async function reading(
  model: Model,
  backend: WebGpuBackend,
  { chunkSize, budget }: ProfileOptions,
): Promise<Section> {
  using state = model.createState()
  using ids = backend.tensor(Int32Array.from(someIds(chunkSize, model.vocabSize)), [1, chunkSize], 'i32')
  const program = backend.capture(() => void model.step(ids, state))
  try {
    const run = async () => {
      budget.signal.throwIfAborted()
      const start = performance.now()
      for (let i = 0; i < CHUNKS; i++) program.replay()
      await backend.finish()
      return (performance.now() - start) / CHUNKS
    }
    await run()
    const wallMs = await run()
    const kernels = await backend.profile(run)
    return { title: `Reading a chunk of ${chunkSize}`, wallMs, units: CHUNKS, kernels }
  } finally {
    program.destroy()
  }
}

function sectionText({ title, wallMs, units, kernels }: Section, bandwidth: number): string {
  const total = kernels.reduce((sum, { microseconds }) => sum + microseconds, 0)
  const count = kernels.reduce((sum, kernel) => sum + kernel.count, 0)
  const rows = kernels.map((kernel) => {
    const { microseconds, bytes } = kernel
    const rate = (bytes / microseconds) * 1e6
    const isKnown = bytes > 0 && microseconds > 0
    return [
      kernel.kernel,
      (kernel.count / units).toFixed(1),
      (microseconds / units).toFixed(1),
      (microseconds / kernel.count).toFixed(2),
      `${((100 * microseconds) / total).toFixed(1)} %`,
      isKnown ? (bytes / units / 1e6).toFixed(3) : '–',
      isKnown ? (rate / 1e9).toFixed(1) : '–',
      isKnown ? `${((100 * rate) / bandwidth).toFixed(1)} %` : '–',
    ]
  })
  const head = ['kernel', 'dispatches', 'µs', 'µs each', 'share', 'MB', 'GB/s', 'of bandwidth']
  return `## ${title}

${(count / units).toFixed(1)} dispatches, ${(total / units).toFixed(1)} µs of kernels; ${(1000 * wallMs).toFixed(1)} µs when \
nothing is measured within.

${markdownTable(head, rows)}`
}
