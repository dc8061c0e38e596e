import type { Context } from '../context.ts'
import { MAP_MODE_READ, USAGE } from '../device/constants.ts'
import { type PreparedDispatch, prepareDispatch } from '../queue/prepare.ts'
import type { Plan } from './plan.ts'
import type { Rehearsal } from './program-planner.ts'

/**
 * Tries what a plan wants to have tried. If it fails, the device is remembered as one that cannot do it.
 * @returns whether the plan can be used
 */
export async function isRehearsed(context: Context, { rehearsals }: Plan): Promise<boolean> {
  for (const rehearsal of rehearsals) {
    const { kernel } = rehearsal.dispatch
    if (context.rehearsed.has(kernel)) continue
    if (!(await succeeds(context, rehearsal))) {
      context.allowsWholeSteps = false
      return false
    }
    context.rehearsed.add(kernel)
  }
  return true
}

/** Not through the queue, which may already be waiting for the program. */
async function succeeds({ device, queue }: Context, { dispatch, failed }: Rehearsal): Promise<boolean> {
  const pipeline = await queue.pipelines.get(dispatch.kernel, true)
  const params = device.createBuffer({
    label: 'rehearsal',
    size: 256,
    usage: USAGE.UNIFORM | USAGE.COPY_DST,
  })
  const result = device.createBuffer({
    label: 'rehearsal',
    size: 4,
    usage: USAGE.MAP_READ | USAGE.COPY_DST,
  })
  try {
    device.queue.writeBuffer(params, 0, Uint32Array.from(dispatch.params!))
    const prepared = prepareDispatch(device, dispatch, pipeline, { buffer: params, offset: 0 })
    const { buffer, offset } = failed.allocation.place()
    const encoder = device.createCommandEncoder()
    encoder.clearBuffer(buffer, offset, failed.allocation.byteLength)
    run(encoder, prepared)
    encoder.copyBufferToBuffer(buffer, offset + 4 * failed.word, result, 0, 4)
    device.queue.submit([encoder.finish()])
    await result.mapAsync(MAP_MODE_READ)
    return new Uint32Array(result.getMappedRange())[0] === 0
  } finally {
    params.destroy()
    result.destroy()
  }
}

function run(encoder: GPUCommandEncoder, { pipeline, group, workgroups }: PreparedDispatch): void {
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(...workgroups)
  pass.end()
}
