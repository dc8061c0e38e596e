import { expect, test } from 'vitest'
import { bytes, printable, table, thousands } from './text.ts'

test('printable writes out line ends and terminal commands, and leaves other text as it is', () => {
  expect(printable('a\nb\u001b[31m\u0085 é 漢 🐍')).toBe('a\\nb\\u001b[31m\\u0085 é 漢 🐍')
})

test('bytes takes the unit that suits', () => {
  expect([0, 999, 1000, 15_387_936, 2.5e9, 3e15].map(bytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '15.4 MB',
    '2.5 GB',
    '3000.0 TB',
  ])
})

test('thousands groups digits', () => {
  expect([5, 13_143_936].map(thousands)).toEqual(['5', '13,143,936'])
})

test('table aligns columns and leaves no space at line ends', () => {
  const rows = [['a', 'bb', ''], ['ccc'], ['d', 'e', 'f']]
  expect(table(rows)).toBe('a    bb\nccc\nd    e   f\n')
})
