import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { expectWritable, readNamedFile, writeNamedFile } from './files.ts'

const bytes = new Uint8Array([1, 2, 3])

test('writing replaces a file and leaves nothing else behind', async () => {
  using folder = temporaryFolder()
  writeFileSync(folder.at('x.state'), 'what was there before')
  await writeNamedFile('--state-out', folder.at('x.state'), bytes)
  expect(new Uint8Array(readFileSync(folder.at('x.state')))).toEqual(bytes)
  expect(readdirSync(folder.path)).toEqual(['x.state'])
})

test('what cannot be written leaves everything as it was', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.at('x.state'))
  await expect(writeNamedFile('--state-out', folder.at('x.state'), bytes)).rejects.toThrow(
    `--state-out: cannot write ${folder.at('x.state')}`,
  )
  expect(readdirSync(folder.path)).toEqual(['x.state'])
})

test('a missing file or folder is named, with the option that asked for it', async () => {
  using folder = temporaryFolder()
  await expect(readNamedFile('--state-in', folder.at('none'))).rejects.toThrow(
    `--state-in: cannot read ${folder.at('none')} (no such file or directory)`,
  )
  await expect(expectWritable('--state-out', folder.at('none/x.state'))).rejects.toThrow(
    `--state-out: cannot write into ${folder.at('none')} (no such file or directory)`,
  )
})
