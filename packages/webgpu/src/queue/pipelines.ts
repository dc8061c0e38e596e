import { KernelError } from '@mamba/core'
import { STAGE_COMPUTE } from '../device/constants.ts'
import type { Kernel } from './kernel.ts'

/** A pipeline and how its buffers are bound. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** Compiled kernels, by their text: each is compiled once, in the background, many at a time. */
export class Pipelines {
  readonly #device: GPUDevice
  /** By text, then by what else makes a pipeline; texts are long, and are not joined to anything for a look-up. */
  readonly #entries = new Map<string, Map<string, Entry>>()
  readonly #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>()

  constructor(device: GPUDevice) {
    this.#device = device
  }

  /** The pipeline if it is compiled; otherwise compiling is started. */
  ready(kernel: Kernel, hasParams: boolean): Pipeline | undefined {
    return this.#entry(kernel, hasParams).ready
  }

  /** @throws KernelError with what the compiler says */
  get(kernel: Kernel, hasParams: boolean): Promise<Pipeline> {
    return this.#entry(kernel, hasParams).pending
  }

  #entry(kernel: Kernel, hasParams: boolean): Entry {
    let variants = this.#entries.get(kernel.code)
    if (!variants) {
      variants = new Map()
      this.#entries.set(kernel.code, variants)
    }
    const variant = variantOf(kernel, hasParams)
    let entry = variants.get(variant)
    if (!entry) {
      const started: Entry = { pending: this.#compile(kernel, hasParams), ready: undefined }
      started.pending.then(
        (pipeline) => {
          started.ready = pipeline
        },
        // Whoever waits for it is told.
        () => {},
      )
      variants.set(variant, started)
      entry = started
    }
    return entry
  }

  async #compile(kernel: Kernel, hasParams: boolean): Promise<Pipeline> {
    const { label, code, access, constants = {} } = kernel
    // What is refused here is told by the error of this kernel.
    this.#device.pushErrorScope('validation')
    const layout = this.#layout(access, hasParams)
    const module = this.#device.createShaderModule({ label, code })
    const refusal = this.#device.popErrorScope().catch(() => null)
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label,
        layout: layout.pipeline,
        compute: { module, entryPoint: 'main', constants },
      })
      return { pipeline, layout: layout.group }
    } catch (cause) {
      const { messages } = await module.getCompilationInfo()
      const said = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`)
      const reason = said.join('; ') || (await refusal)?.message || (cause as Error).message
      throw new KernelError(`webgpu: the kernel ${label} does not compile: ${reason}`, { cause })
    }
  }

  #layout(access: Kernel['access'], hasParams: boolean) {
    const key = `${access.join()} ${hasParams}`
    let layout = this.#layouts.get(key)
    if (!layout) {
      const types: GPUBufferBindingType[] = access.map((kind) =>
        kind === 'read' ? 'read-only-storage' : 'storage',
      )
      if (hasParams) types.push('uniform')
      const group = this.#device.createBindGroupLayout({
        label: key,
        entries: types.map((type, binding) => ({ binding, visibility: STAGE_COMPUTE, buffer: { type } })),
      })
      layout = {
        group,
        pipeline: this.#device.createPipelineLayout({ label: key, bindGroupLayouts: [group] }),
      }
      this.#layouts.set(key, layout)
    }
    return layout
  }
}

interface Entry {
  readonly pending: Promise<Pipeline>
  ready: Pipeline | undefined
}

function variantOf({ constants, access }: Kernel, hasParams: boolean): string {
  const values = constants ? Object.entries(constants).join(';') : ''
  return `${access.join()} ${hasParams} ${values}`
}
