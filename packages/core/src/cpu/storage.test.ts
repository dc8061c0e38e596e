import { expect, test } from 'vitest'
import type { Backend } from '../backend.ts'
import { ShapeError } from '../errors.ts'
import { Tensor } from '../tensor.ts'
import { cpu } from './backend.ts'
import { dataOf, dense } from './storage.ts'

const backend = cpu()
const table = () =>
  backend.tensor(
    Int32Array.from({ length: 12 }, (_, i) => i),
    [3, 4],
    'i32',
  )

test('a dense tensor is not copied, a view of columns is', () => {
  const tensor = table()
  expect(dense(tensor)).toBe(dataOf(tensor))
  expect(dense(tensor.columns(0, 4))).toBe(dataOf(tensor))
  expect(dense(tensor.columns(1, 3))).toEqual(Int32Array.of(1, 2, 5, 6, 9, 10))
  expect(dense(tensor.columns(4, 4))).toEqual(new Int32Array(0))
})

test('a destroyed tensor is refused', () => {
  const tensor = table()
  tensor.destroy()
  expect(() => dataOf(tensor)).toThrow(
    new ShapeError('cpu: the tensor was destroyed; keep it until its last use'),
  )
})

test('a tensor of another backend is refused, and named', () => {
  const storage = { destroyed: false, destroy: () => {} }
  const foreign = new Tensor({ backend: { name: 'webgpu' } as Backend, shape: [1], dtype: 'f32', storage })
  expect(() => dataOf(foreign)).toThrow(
    new ShapeError('cpu: a tensor of the webgpu backend was given to the cpu backend'),
  )
})
