import { DeviceError } from '@mamba/core'
import type { Queue } from '../queue/queue.ts'
import { type KernelTime, Timestamps } from '../queue/timestamps.ts'

/** `WebGpuBackend.profile`. */
export async function profile(
  device: GPUDevice,
  queue: Queue,
  fn: () => unknown,
): Promise<readonly KernelTime[]> {
  if (!device.features.has('timestamp-query')) {
    throw new DeviceError('webgpu: profile needs timestamps, which this device has not (timestamp-query)')
  }
  // What was enqueued before is not measured.
  await queue.finish()
  if (queue.profiler) throw new DeviceError('webgpu: another profile is being made; await its end')
  const timestamps = new Timestamps(device)
  try {
    queue.profiler = timestamps
    try {
      await fn()
      await queue.finish()
    } finally {
      queue.profiler = undefined
    }
    return await timestamps.times()
  } finally {
    timestamps.destroy()
  }
}
