import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WebGpuBackend } from '../backend.ts'
import type { Kernel } from '../queue/kernel.ts'
import { Queue } from '../queue/queue.ts'
import { webgpu } from '../webgpu.ts'
import { Faults } from './faults.ts'
import { isSoftware } from './request.ts'

let backend: WebGpuBackend

beforeEach(async () => {
  backend = await webgpu({ software: true })
})
afterEach(() => backend.destroy())

const deviceError = (...parts: string[]) =>
  expect.objectContaining({
    name: 'DeviceError',
    message: expect.stringMatching(new RegExp(parts.join('.*'), 's')),
  })
const floats = (...values: number[]) => backend.tensor(Float32Array.from(values), [values.length], 'f32')
/** More than SwiftShader has; devices with real memory would have to be filled first. */
const tooMuch = () => backend.zeros([2 ** 28])
const outOfMemory = deviceError(
  'webgpu: out of memory',
  '1073.7 MB \\(1073741824 bytes\\)',
  'destroy tensors',
)

describe('memory that runs out', () => {
  test('is told to finish, with the cause, and then forgotten', async (context) => {
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has too much of it')
    const large = tooMuch()
    await expect(backend.finish()).rejects.toThrow(outOfMemory)
    await backend.finish()
    large.destroy()
    const x = floats(1, 2)
    expect(await backend.ops.add(x, x).read()).toEqual(Float32Array.of(2, 4))
    await backend.finish()
  })

  test('is told to every read under way, of the same work or not', async (context) => {
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has too much of it')
    const x = floats(1, 2)
    const before = x.read()
    const large = tooMuch()
    const both = await Promise.allSettled([backend.ops.add(large, large).read(), x.read()])
    expect(both).toEqual([
      { status: 'rejected', reason: outOfMemory },
      { status: 'rejected', reason: outOfMemory },
    ])
    await before.catch(() => {})
    expect(await x.read()).toEqual(Float32Array.of(1, 2))
  })

  test('is told to the next read if there is none under way', async (context) => {
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has too much of it')
    const x = floats(1, 2)
    tooMuch().destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(x.read()).rejects.toThrow(outOfMemory)
    expect(await x.read()).toEqual(Float32Array.of(1, 2))
  })

  test('spoils nothing that was enqueued together with it', async (context) => {
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has too much of it')
    const x = floats(1, 2)
    const large = tooMuch()
    const y = backend.ops.add(x, x)
    backend.ops.add(large, large)
    const z = backend.ops.add(y, x)
    await expect(backend.finish()).rejects.toThrow(outOfMemory)
    expect(await z.read()).toEqual(Float32Array.of(3, 6))
    expect(() => backend.ops.add(large, large)).toThrow(outOfMemory)
    await expect(large.read()).rejects.toThrow(outOfMemory)
  })

  test('within a program is told to whoever waits for its results', async (context) => {
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has too much of it')
    const x = floats(1, 2)
    const large = tooMuch()
    const program = backend.capture(() => backend.ops.add(large, large))
    program.replay()
    const y = backend.ops.add(x, x)
    await expect(backend.finish()).rejects.toThrow(outOfMemory)
    program.destroy()
    expect(await y.read()).toEqual(Float32Array.of(2, 4))
    await backend.finish()
  })

  test('leaves nothing behind, and buffers that were kept for later make room', async (context) => {
    context.skip(!isSoftware(backend.device.adapterInfo), 'this device has too much of it')
    floats(...new Float32Array(1000)).destroy()
    const { live, reserved } = backend.memoryUse()
    expect(reserved).toBeGreaterThan(live)
    tooMuch().destroy()
    await expect(backend.finish()).rejects.toThrow(outOfMemory)
    expect(backend.memoryUse()).toEqual({ live, reserved: live })
  })
})

test('a tensor that no buffer of the device can hold is a DeviceError that names the limit', () => {
  const { maxBufferSize } = backend.device.limits
  expect(() => backend.zeros([1, 1, maxBufferSize])).toThrow(
    deviceError(`takes ${4 * maxBufferSize} bytes`, 'maxStorageBufferBindingSize'),
  )
})

test('a command that the device refuses is told once, with the cause', async () => {
  const x = floats(1)
  backend.device.createBuffer({ label: 'useless', size: 4, usage: 0 })
  const refused = deviceError('webgpu: the device refuses a command', 'useless')
  await expect(backend.finish()).rejects.toThrow(refused)
  expect(await x.read()).toEqual(Float32Array.of(1))
})

describe('a kernel that does not compile', () => {
  const run = (kernel: Kernel) => {
    const queue = new Queue(backend.device, new Faults(backend.device, () => {}))
    queue.dispatch({ kernel, bindings: [], workgroups: [1] })
    return queue
  }
  const kernelError = (message: RegExp) =>
    expect.objectContaining({ name: 'KernelError', message: expect.stringMatching(message) })

  test('is a KernelError with what the compiler says, told once', async () => {
    const code = '@compute @workgroup_size(1)\nfn main() { let x = nothing; }'
    const queue = run({ label: 'broken', code, access: [] })
    const broken = kernelError(/^webgpu: the kernel broken does not compile: line 2: .*nothing/)
    await expect(queue.finish()).rejects.toThrow(broken)
    await queue.finish()
  })

  test('because of a limit of the device is a KernelError that names it', async () => {
    const code = '@compute @workgroup_size(1) fn main() {}'
    const count = backend.device.limits.maxStorageBuffersPerShaderStage + 1
    const queue = run({ label: 'wide', code, access: Array.from({ length: count }, () => 'read') })
    await expect(queue.finish()).rejects.toThrow(
      kernelError(/^webgpu: the kernel wide does not compile: .*storage buffers.* limit/),
    )
  })
})
