import { CheckpointError } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { bytesFile } from '../../sources/bytes.ts'
import { countingBytes } from '../../testing/write-safetensors.ts'
import {
  call,
  dict,
  global,
  int,
  no,
  orderedDict,
  type Pickled,
  str,
  tensor,
  tuple,
  writeTorch,
} from '../../testing/write-torch.ts'
import { openTorch } from './torch.ts'

const open = (bytes: Uint8Array) => openTorch(bytesFile('model.bin', bytes))
const storages = { 0: countingBytes(24), 1: countingBytes(8) }

test('lists and reads the tensors of a dict', async () => {
  const checkpoint = await open(
    writeTorch(
      dict({
        'lm_head.weight': tensor({ key: '0', shape: [2, 3], length: 6 }),
        half: tensor({ key: '1', shape: [2], offset: 1, length: 4, type: 'HalfStorage' }),
      }),
      storages,
    ),
  )
  expect(checkpoint.format).toBe('torch')
  expect(checkpoint.names).toEqual(['lm_head.weight', 'half'])
  expect(checkpoint.info('half')).toEqual({
    name: 'half',
    shape: [2],
    dtype: 'f16',
    storedType: 'HalfStorage',
    byteLength: 4,
    file: 'model.bin',
  })
  expect(await checkpoint.read('lm_head.weight')).toEqual(countingBytes(24))
  expect([...(await checkpoint.read('half'))]).toEqual([2, 3, 4, 5])
})

test('reads an OrderedDict with attributes, without ZIP64, and with a comment', async () => {
  const value = orderedDict({ w: tensor({ key: '1', shape: [2], length: 2 }) })
  const checkpoint = await open(
    writeTorch(value, storages, { zip64: 'absent', comment: 'PK\x05\x06 is not the end' }),
  )
  expect([...(await checkpoint.read('w'))]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test.each(['state_dict', 'model'])('finds the tensors under "%s", beside other plain data', async (key) => {
  const weights = dict({ w: tensor({ key: '1', shape: [2], length: 2 }), version: int(3) })
  const checkpoint = await open(writeTorch(dict({ epoch: int(7), [key]: weights }), storages))
  expect(checkpoint.names).toEqual(['w'])
})

test('tied tensors read the same storage', async () => {
  const tied = tensor({ key: '1', shape: [2], length: 2 })
  const checkpoint = await open(writeTorch(dict({ embedding: tied, head: tied }), storages))
  expect(await checkpoint.read('embedding')).toEqual(await checkpoint.read('head'))
})

test('a parameter is read as its tensor', async () => {
  const weight = call(
    'torch._utils',
    '_rebuild_parameter',
    tensor({ key: '1', shape: [2], length: 2 }),
    no,
    no,
  )
  expect((await open(writeTorch(dict({ weight }), storages))).info('weight').shape).toEqual([2])
})

test('strides are honoured: transposed, with gaps, and of one element', async () => {
  const view = (shape: number[], strides: number[], offset = 0) =>
    tensor({ key: '0', shape, strides, offset, length: 24, type: 'ByteStorage' })
  const checkpoint = await open(
    writeTorch(
      dict({
        transposed: view([3, 2], [1, 3]),
        gaps: view([2, 3], [8, 2], 1),
        cube: view([2, 2, 2], [1, 4, 2]),
        one: view([1, 1], [77, 99], 23),
        scalar: view([], [], 5),
        none: view([0, 3], [3, 1]),
        row: view([1, 4], [99, 1], 20),
      }),
      storages,
    ),
  )
  const read = async (name: string) => [...(await checkpoint.read(name))]
  expect(await read('transposed')).toEqual([0, 3, 1, 4, 2, 5])
  expect(await read('gaps')).toEqual([1, 3, 5, 9, 11, 13])
  expect(await read('cube')).toEqual([0, 2, 4, 6, 1, 3, 5, 7])
  expect(await read('one')).toEqual([23])
  expect(await read('scalar')).toEqual([5])
  expect(await read('none')).toEqual([])
  expect(await read('row')).toEqual([20, 21, 22, 23])
})

test('elements of several bytes stay together in a strided tensor', async () => {
  const value = dict({ w: tensor({ key: '0', shape: [3, 2], strides: [1, 3], length: 6 }) })
  const read = await (await open(writeTorch(value, storages))).read('w')
  expect([...read]).toEqual([0, 3, 1, 4, 2, 5].flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]))
})

test('lists types that cannot be computed with, and refuses to read them', async () => {
  const value = dict({ w: tensor({ key: '1', shape: [1], length: 1, type: 'DoubleStorage' }) })
  const checkpoint = await open(writeTorch(value, storages))
  expect(checkpoint.info('w')).toMatchObject({ dtype: undefined, storedType: 'DoubleStorage' })
  await expect(checkpoint.read('w')).rejects.toThrow('model.bin: tensor "w" is stored as DoubleStorage')
})

describe('refuses', () => {
  const weight = tensor({ key: '1', shape: [2], length: 2 })
  const over = (parts: {
    shape: number[]
    strides?: number[]
    offset?: number
    length?: number
    key?: string
  }) => dict({ w: tensor({ key: '1', length: 2, ...parts }) })
  const cases: [what: string, value: Pickled, message: string][] = [
    [
      'a class outside the list',
      dict({ w: call('os', 'system', str('true')) }),
      'data.pkl: it asks for the class "os.system", which could run code when loaded and is refused',
    ],
    ['a builtin', dict({ w: call('builtins', 'eval', str('1')) }), 'it asks for the class "builtins.eval"'],
    [
      'a class of torch outside the list',
      global('torch.nn.modules.linear', 'Linear'),
      'it asks for the class "torch.nn.modules.linear.Linear"',
    ],
    [
      'a class that is only near the list',
      global('torch', '_utils._rebuild_tensor_v2.x'),
      'it asks for the class "torch._utils._rebuild_tensor_v2.x"',
    ],
    [
      'a call of a type',
      call('torch', 'FloatStorage', int(9)),
      'it calls torch.FloatStorage, which is refused',
    ],
    [
      'an OrderedDict from arguments',
      call('collections', 'OrderedDict', tuple()),
      'it creates an OrderedDict from arguments',
    ],
    [
      'a tensor over no storage',
      call('torch._utils', '_rebuild_tensor_v2', int(1)),
      'a tensor is not over a storage',
    ],
    [
      'a parameter of no tensor',
      call('torch._utils', '_rebuild_parameter', int(1)),
      'a parameter is not made from a tensor',
    ],
    [
      'strides beyond the storage',
      over({ shape: [2], strides: [2] }),
      'a tensor [2] with strides [2] at 0 does not fit in storage "1" of 2 elements',
    ],
    [
      'an offset beyond the storage',
      over({ shape: [2], offset: 1 }),
      'a tensor [2] with strides [1] at 1 does not fit in storage "1"',
    ],
    [
      'a product beyond 2^53',
      over({ shape: [2 ** 40, 2 ** 40], strides: [0, 0] }),
      'a tensor [1099511627776,1099511627776] with strides [0,0] at 0 does not fit',
    ],
    [
      'a small storage that repeats itself',
      over({ shape: [2 ** 40], strides: [0] }),
      'a tensor [1099511627776] repeats elements of storage "1" of 2',
    ],
    [
      'fewer strides than axes',
      over({ shape: [1, 1], strides: [1] }),
      'a tensor over storage "1" has an impossible offset, shape or strides',
    ],
    [
      'a storage longer than its member',
      over({ shape: [2], length: 3 }),
      'tensor "w": its storage "1" has 8 bytes; expected 12 for 3 elements of FloatStorage',
    ],
    [
      'a storage that claims 2^45 elements',
      over({ shape: [2], length: 2 ** 45 }),
      'tensor "w": its storage "1" has 8 bytes; expected 140737488355328',
    ],
    [
      'a storage that is not there',
      over({ shape: [2], key: '../../7' }),
      'tensor "w": its storage "../../7" is missing from the archive',
    ],
    [
      'a pickle without tensors',
      dict({ epoch: int(1) }),
      'data.pkl holds no tensors by name, neither at its top level nor under "state_dict" or "model"',
    ],
    ['a pickle that is no dict', tuple(weight), 'data.pkl holds no tensors by name'],
  ]
  test.each(cases)('%s', async (_, value, message) => {
    const refusal = await open(writeTorch(value, storages)).catch((error) => error)
    expect(CheckpointError.is(refusal, 'CheckpointError')).toBe(true)
    expect(refusal.message).toContain('model.bin: ')
    expect(refusal.message).toContain(message)
  })

  test('big-endian files', async () => {
    const bytes = writeTorch(dict({ weight }), storages, { byteOrder: 'big' })
    await expect(open(bytes)).rejects.toThrow('model.bin: byteorder is "big"; expected "little"')
  })
})
