import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stories } from './index.ts'

test('is the address of a GGUF file of the size that the README states', () => {
  const magic = Buffer.alloc(4)
  const file = openSync(stories(), 'r')
  readSync(file, magic)
  closeSync(file)
  expect(magic.toString('latin1')).toBe('GGUF')
  expect(statSync(stories()).size).toBe(15_387_936)
})

test('has the tokenizer and the generation settings beside it', () => {
  const beside = (name: string) => JSON.parse(readFileSync(new URL(name, stories()), 'utf8'))
  expect(beside('tokenizer.json').model.type).toBe('BPE')
  expect(beside('tokenizer_config.json').add_bos_token).toBe(true)
  expect(beside('generation_config.json').eos_token_id).toBe(0)
})

test('each call gives an address of its own', () => {
  expect(stories()).toEqual(stories())
  expect(stories()).not.toBe(stories())
})
