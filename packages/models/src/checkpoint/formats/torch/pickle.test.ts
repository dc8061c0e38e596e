import { CheckpointError } from '@mamba/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OPCODES } from './opcodes.ts'
import { unpickle } from './pickle.ts'
import { TORCH_WORLD } from './tensors.ts'

const read = (...bytes: number[]) => unpickle(Uint8Array.from(bytes), 'data.pkl', TORCH_WORLD)
const ascii = (text: string) => [...new TextEncoder().encode(text)]

// Each pickle was made by Python 3.11: pickle.dumps(value, protocol).
const value = new Map<string, unknown>([
  ['a', [1, -2, 300, 70000, 2 ** 40, -(2 ** 40)]],
  ['b', [1.5, true, false, null]],
  ['é', new Map([['x', 'y']])],
  ['t', [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]],
])
const pickles = {
  'protocol 2':
    'gAJ9cQAoWAEAAABhcQFdcQIoSwFK/v///00sAUpwEQEAigYAAAAAAAGKBgAAAAAA/2VYAQAAAGJxAyhHP/gAAAAAAACIiU50cQRYAgAAAMOpcQV9cQZYAQAAAHhxB1gBAAAAeXEIc1gBAAAAdHEJXXEKKClLAYVxC0sBSwKGcQxLAUsCSwOHcQ0oSwFLAksDSwR0cQ5ldS4=',
  'protocol 3':
    'gAN9cQAoWAEAAABhcQFdcQIoSwFK/v///00sAUpwEQEAigYAAAAAAAGKBgAAAAAA/2VYAQAAAGJxAyhHP/gAAAAAAACIiU50cQRYAgAAAMOpcQV9cQZYAQAAAHhxB1gBAAAAeXEIc1gBAAAAdHEJXXEKKClLAYVxC0sBSwKGcQxLAUsCSwOHcQ0oSwFLAksDSwR0cQ5ldS4=',
  'protocol 4':
    'gASVdQAAAAAAAAB9lCiMAWGUXZQoSwFK/v///00sAUpwEQEAigYAAAAAAAGKBgAAAAAA/2WMAWKUKEc/+AAAAAAAAIiJTnSUjALDqZR9lIwBeJSMAXmUc4wBdJRdlCgpSwGFlEsBSwKGlEsBSwJLA4eUKEsBSwJLA0sEdJRldS4=',
  'protocol 5':
    'gAWVdQAAAAAAAAB9lCiMAWGUXZQoSwFK/v///00sAUpwEQEAigYAAAAAAAGKBgAAAAAA/2WMAWKUKEc/+AAAAAAAAIiJTnSUjALDqZR9lIwBeJSMAXmUc4wBdJRdlCgpSwGFlEsBSwKGlEsBSwJLA4eUKEsBSwJLA0sEdJRldS4=',
}

describe('reads what Python writes:', () => {
  test.each(Object.entries(pickles))('%s', (_, base64) => {
    const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
    expect(unpickle(bytes, 'data.pkl', TORCH_WORLD)).toEqual(value)
  })
})

test('bytes and the entries of an OrderedDict are plain data', () => {
  expect(read(OPCODES.SHORT_BINBYTES, 2, 0, 255, OPCODES.STOP)).toEqual(Uint8Array.of(0, 255))
  expect(read(OPCODES.BINBYTES, 1, 0, 0, 0, 7, OPCODES.STOP)).toEqual(Uint8Array.of(7))
  const create = [OPCODES.GLOBAL, ...ascii('collections\nOrderedDict\n'), OPCODES.EMPTY_TUPLE, OPCODES.REDUCE]
  const entry = [OPCODES.SHORT_BINUNICODE, 1, 0x61, OPCODES.BININT1, 3, OPCODES.SETITEM]
  expect(read(...create, ...entry, OPCODES.STOP)).toEqual(new Map([['a', 3]]))
})

describe('refuses', () => {
  test.each([
    ['an empty pickle', [], 'ends after 0 bytes'],
    ['a pickle without its end', [OPCODES.NONE], 'ends after 1 bytes'],
    ['an unknown operation', [0x81], 'operation 0x81 is not one that plain data needs (at offset 1)'],
    ['a stop with nothing', [OPCODES.STOP], 'an operation needs more values than there are'],
    ['a tuple without a mark', [OPCODES.NONE, OPCODES.TUPLE], 'an operation needs a mark, and there is none'],
    ['a pop through a mark', [OPCODES.NONE, OPCODES.MARK, OPCODES.TUPLE1], 'an operation needs more values'],
    ['a memory that is not there', [OPCODES.BINGET, 7], 'nothing was remembered as 7'],
    ['remembering nothing', [OPCODES.BINPUT, 7], 'there is nothing to remember'],
    [
      'appending to None',
      [OPCODES.NONE, OPCODES.NONE, OPCODES.APPEND],
      'items are appended to what is not a list',
    ],
    [
      'setting in None',
      [OPCODES.NONE, OPCODES.MARK, OPCODES.SETITEMS],
      'items are set in what is not a dict',
    ],
    [
      'a key without a value',
      [OPCODES.EMPTY_DICT, OPCODES.MARK, OPCODES.NONE, OPCODES.SETITEMS],
      'a key without a value',
    ],
    [
      'a key that is a list',
      [OPCODES.EMPTY_DICT, OPCODES.EMPTY_LIST, OPCODES.NONE, OPCODES.SETITEM],
      'a key is not a string',
    ],
    [
      'calling a number',
      [OPCODES.BININT1, 1, OPCODES.EMPTY_TUPLE, OPCODES.REDUCE],
      'it calls what is not a function',
    ],
    [
      'attributes of None',
      [OPCODES.NONE, OPCODES.NONE, OPCODES.BUILD],
      'it sets attributes of what is not a dict',
    ],
    [
      'a class named by numbers',
      [OPCODES.BININT1, 1, OPCODES.BININT1, 1, OPCODES.STACK_GLOBAL],
      'the name of a class is not a string',
    ],
    ['an integer beyond 2^53', [OPCODES.LONG1, 7, 0, 0, 0, 0, 0, 0, 0x20], 'an integer is beyond 2^53'],
    [
      'an id of no storage',
      [OPCODES.NONE, OPCODES.BINPERSID],
      'it refers to something outside that is not a storage',
    ],
    [
      'a string longer than the pickle',
      [OPCODES.BINUNICODE, 255, 255, 255, 255],
      'where 4294967295 more are expected',
    ],
    [
      'a string that is not UTF-8',
      [OPCODES.SHORT_BINUNICODE, 1, 0xff],
      'a string at offset 2 is not valid UTF-8',
    ],
    ['a name without an end', [OPCODES.GLOBAL, ...ascii('os')], 'ends after 3 bytes'],
    ['an instance', [OPCODES.GLOBAL, ...ascii('posix\nsystem\n')], 'it asks for the class "posix.system"'],
  ])('%s', (_, bytes, message) => {
    expect(() => read(...bytes)).toThrow(CheckpointError)
    expect(() => read(...bytes)).toThrow(message)
  })

  test('a key twice', () => {
    const key = [OPCODES.SHORT_BINUNICODE, 1, 0x61, OPCODES.NONE]
    expect(() => read(OPCODES.EMPTY_DICT, OPCODES.MARK, ...key, ...key, OPCODES.SETITEMS)).toThrow(
      'the key "a" appears twice',
    )
  })

  test('more than 2^19 operations', () => {
    const lists = new Uint8Array(2 ** 20).fill(OPCODES.EMPTY_DICT)
    expect(() => unpickle(lists, 'data.pkl', TORCH_WORLD)).toThrow('more than 524288 operations')
  })

  test('lists of lists of lists that would unfold without end', () => {
    const bytes: number[] = [OPCODES.EMPTY_LIST, OPCODES.BINPUT, 0]
    for (let i = 0; i < 60; i++)
      bytes.push(OPCODES.MARK, OPCODES.BINGET, 0, OPCODES.BINGET, 0, OPCODES.APPENDS)
    for (let i = 1; i < 60; i++) {
      bytes.push(OPCODES.EMPTY_LIST, OPCODES.BINPUT, i, OPCODES.MARK)
      bytes.push(OPCODES.BINGET, i - 1, OPCODES.BINGET, i - 1, OPCODES.APPENDS)
    }
    // As arguments, a name, a key and an id: none of them may be spelled out in a message.
    const last = [OPCODES.BINGET, 59]
    for (const use of [
      [OPCODES.BINPERSID],
      [...last, OPCODES.STACK_GLOBAL],
      [...last, OPCODES.SETITEM],
      [...last, OPCODES.REDUCE],
    ]) {
      expect(() => read(...bytes, ...last, ...use)).toThrow(CheckpointError)
    }
  })
})

test('random operations end in a value or in our error', () => {
  const opcode = fc.constantFrom(...Object.values(OPCODES))
  const globals = fc.constantFrom(...TORCH_WORLD.classes.keys()).map((name) => {
    const dot = name.lastIndexOf('.')
    return [OPCODES.GLOBAL, ...ascii(`${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`)]
  })
  const small = fc.nat(3).map((n) => [OPCODES.BININT1, n])
  const word = fc
    .constantFrom('storage', '0')
    .map((text) => [OPCODES.SHORT_BINUNICODE, text.length, ...ascii(text)])
  const part = fc.oneof(
    opcode.map((code) => [code]),
    globals,
    small,
    word,
    fc.uint8Array({ maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      try {
        unpickle(Uint8Array.from(parts.flatMap((bytes) => [...bytes])), 'data.pkl', TORCH_WORLD)
      } catch (error) {
        if (!CheckpointError.is(error, 'CheckpointError')) throw error
      }
    }),
    { numRuns: 20_000 },
  )
})
