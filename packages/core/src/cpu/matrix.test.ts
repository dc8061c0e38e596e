import { expect, test } from 'vitest'
import { cpu } from './backend.ts'
import { embedding, linear } from './matrix.ts'

const backend = cpu()
const tensor = (values: readonly number[], shape: readonly number[]) =>
  backend.tensor(Float32Array.from(values), shape, 'f32')

test('linear is x Wᵀ + b', () => {
  const x = tensor([1, 2, 3, 4], [2, 2])
  const weight = tensor([1, 0, 0, 1, 10, 100], [3, 2])
  expect(linear(x, weight)).toEqual(Float32Array.of(1, 2, 210, 3, 4, 430))
  expect(linear(x, weight, tensor([0.5, 0, -1], [3]))).toEqual(Float32Array.of(1.5, 2, 209, 3.5, 4, 429))
})

test('linear gives every output of every tile: whole and ragged, with even and odd numbers of rows', () => {
  for (let rows = 0; rows <= 5; rows++) {
    for (let dOut = 1; dOut <= 9; dOut++) {
      // y[r, o] = (r + 1) · (o + 1), and nothing else gives the same numbers.
      const x = tensor(
        Array.from({ length: rows * 3 }, (_, i) => (i % 3 === 1 ? Math.floor(i / 3) + 1 : 0)),
        [rows, 3],
      )
      const weight = tensor(
        Array.from({ length: dOut * 3 }, (_, i) => (i % 3 === 1 ? Math.floor(i / 3) + 1 : 7)),
        [dOut, 3],
      )
      const want = Array.from(
        { length: rows * dOut },
        (_, i) => (Math.floor(i / dOut) + 1) * ((i % dOut) + 1),
      )
      expect(Array.from(linear(x, weight))).toEqual(want)
    }
  }
})

test('linear adds up in float64: small terms survive beside large ones that cancel', () => {
  expect(linear(tensor([1e8, 1, -1e8], [1, 3]), tensor([1, 1, 1], [1, 3]))).toEqual(Float32Array.of(1))
})

test('embedding takes the row of each id', () => {
  const table = tensor([0, 1, 10, 11, 20, 21], [3, 2])
  const ids = backend.tensor(Int32Array.of(2, 0, 2), [1, 3], 'i32')
  expect(embedding(table, ids)).toEqual(Float32Array.of(20, 21, 0, 1, 20, 21))
})
