import { cpu } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import type { WebGpuBackend } from './backend.ts'
import { webgpu } from './webgpu.ts'

const start = () => webgpu({ software: true })
const ones = (backend: WebGpuBackend) => backend.tensor(Float32Array.of(1, 1), [2], 'f32')
const error = (name: string, ...parts: string[]) =>
  expect.objectContaining({ name, message: expect.stringMatching(new RegExp(parts.join('.*'))) })

describe('destroy', () => {
  test('ends everything: each call then is a DeviceError, and freeing tensors does no harm', async () => {
    const backend = await start()
    const tensor = ones(backend)
    const program = backend.capture(() => backend.ops.add(tensor, tensor))
    const pending = tensor.read()
    backend.destroy()
    const destroyed = error('DeviceError', 'the backend was destroyed; make a new one with webgpu()')
    await expect(pending).rejects.toThrow(destroyed)
    expect(() => backend.zeros([2])).toThrow(destroyed)
    expect(() => ones(backend)).toThrow(destroyed)
    expect(() => backend.write(tensor, Float32Array.of(2, 2))).toThrow(destroyed)
    expect(() => backend.copy(tensor, tensor)).toThrow(destroyed)
    expect(() => backend.ops.add(tensor, tensor)).toThrow(destroyed)
    expect(() => program.replay()).toThrow(destroyed)
    expect(() => backend.capture(() => {})).toThrow(destroyed)
    await expect(backend.read(tensor)).rejects.toThrow(destroyed)
    await expect(backend.finish()).rejects.toThrow(destroyed)
    await expect(backend.recover()).rejects.toThrow(destroyed)
    tensor.destroy()
    program.destroy()
    backend.destroy()
  })

  test('leaves a device alone that was given to it', async () => {
    const owner = await start()
    const backend = await webgpu({ device: owner.device })
    const x = ones(owner)
    const y = ones(backend)
    expect(await backend.ops.add(y, y).read()).toEqual(Float32Array.of(2, 2))
    backend.destroy()
    expect(await owner.ops.add(x, x).read()).toEqual(Float32Array.of(2, 2))
    owner.destroy()
  })
})

describe('two backends at once', () => {
  test('compute side by side, and refuse each other’s tensors with a ShapeError', async () => {
    const [one, other] = await Promise.all([start(), start()])
    const [mine, theirs] = [ones(one), ones(other)]
    const sums = [one.ops.add(mine, mine).read(), other.ops.add(theirs, theirs).read()]
    expect(await Promise.all(sums)).toEqual([Float32Array.of(2, 2), Float32Array.of(2, 2)])
    expect(() => one.ops.add(mine, theirs)).toThrow(error('ShapeError', 'another webgpu backend'))
    expect(() => one.ops.add(mine, cpu().zeros([2]))).toThrow(error('ShapeError', 'the cpu backend'))
    one.destroy()
    expect(await theirs.read()).toEqual(Float32Array.of(1, 1))
    other.destroy()
  })
})

describe('a device that is lost', () => {
  test('fails what is under way and what comes, with the cause and what to do', async () => {
    const backend = await start()
    const x = ones(backend)
    const pending = [x.read(), backend.finish()]
    backend.device.destroy()
    const lost = error(
      'DeviceError',
      'the device was lost \\(destroyed\\)',
      'backend.recover\\(\\)',
      'model.reload',
    )
    for (const promise of pending) await expect(promise).rejects.toThrow(lost)
    await expect(x.read()).rejects.toThrow(lost)
    expect(() => backend.zeros([2])).toThrow(lost)
    await expect(backend.finish()).rejects.toMatchObject({ cause: { reason: 'destroyed' } })
    backend.destroy()
  })

  test('is replaced by recover, and its tensors are refused by name', async () => {
    const backend = await start()
    const { device, ops } = backend
    const x = ones(backend)
    const program = backend.capture(() => ops.add(x, x))
    device.destroy()
    await Promise.all([backend.recover(), backend.recover()])
    expect(backend.device).not.toBe(device)
    expect(x.storage.destroyed).toBe(true)
    const gone = error(
      'DeviceError',
      'lived on a device that was lost',
      'model.reload\\(\\)',
      'model.loadState',
    )
    expect(() => ops.add(x, x)).toThrow(gone)
    expect(() => backend.write(x, Float32Array.of(2, 2))).toThrow(gone)
    await expect(x.read()).rejects.toThrow(gone)
    expect(() => program.replay()).toThrow(error('DeviceError', 'the device was lost'))
    const y = ones(backend)
    expect(await ops.add(y, y).read()).toEqual(Float32Array.of(2, 2))
    x.destroy()
    program.destroy()
    expect(await y.read()).toEqual(Float32Array.of(1, 1))
    await backend.finish()
    backend.destroy()
  })

  test('may be lost again', async () => {
    const backend = await start()
    for (let i = 0; i < 3; i++) {
      backend.device.destroy()
      await backend.recover()
      const x = ones(backend)
      expect(await backend.ops.add(x, x).read()).toEqual(Float32Array.of(2, 2))
    }
    backend.destroy()
  })

  test('is the caller’s to replace if it was given', async () => {
    const owner = await start()
    const backend = await webgpu({ device: owner.device })
    await backend.recover()
    owner.device.destroy()
    await expect(backend.recover()).rejects.toThrow(
      error('DeviceError', 'was given to webgpu\\(\\); make a new backend, with another device'),
    )
    await owner.recover()
    owner.destroy()
  })

  test('recover does nothing while the device is there', async () => {
    const backend = await start()
    const { device } = backend
    const x = ones(backend)
    await backend.recover()
    expect(backend.device).toBe(device)
    expect(await x.read()).toEqual(Float32Array.of(1, 1))
    backend.destroy()
  })
})

describe('large arrays', () => {
  test('may be changed after they were written', async () => {
    const backend = await start()
    const data = new Float32Array(2 ** 20).fill(1)
    const x = backend.zeros([2 ** 20])
    await backend.finish()
    // With and without something that it has to wait for.
    for (const isBusy of [true, false]) {
      if (isBusy) backend.zeros([3 * 2 ** 19])
      backend.write(x, data)
      const read = x.read()
      data.fill(9)
      expect(new Set(await read)).toEqual(new Set([1]))
      data.fill(1)
    }
    backend.destroy()
  })
})
