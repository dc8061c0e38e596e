import { expect, test } from 'vitest'
import { cpu } from './backend.ts'

// What every backend promises is tested in the conformance package.

test('keeps the array that it is given, so that weights are not copied', () => {
  const backend = cpu()
  const data = new Float32Array(2)
  const tensor = backend.tensor(data, [2], 'f32')
  backend.write(tensor, Float32Array.of(3, 4))
  expect(data).toEqual(Float32Array.of(3, 4))
})

test('says what data it got and what it expected', () => {
  expect(() => cpu().tensor(new Uint16Array(6), [2, 3], 'f32')).toThrow(
    'tensor: data is a Uint16Array of 12 bytes; expected the 6 elements of f32 [2, 3], 24 bytes',
  )
})

test('backends share their tensors: all of them are memory of this process', async () => {
  const tensor = cpu().tensor(Float32Array.of(1, 2), [2], 'f32')
  expect(await cpu().ops.scale(tensor, 2).read()).toEqual(Float32Array.of(2, 4))
})
