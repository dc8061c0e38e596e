import { expect, test } from 'vitest'
import { unrolled } from './unrolled.ts'

/** What is left of a text without its line breaks and indentation. */
const words = (code: string) => code.split(/\s+/).join(' ')

test('loops over a constant are written out, within each other and one after the other', () => {
  const code = `
for (var i = 0u; i < ROWS; i++) {
  a[i] = 0.0;
  for (var j = 0u; j < COLUMNS; j++) { b[i] += f(i, j); }
}
for (var k = 0u; k < COLUMNS; k++) { if (x) { c(k); } }
d();`
  expect(words(unrolled(code, { ROWS: 2, COLUMNS: 1 }))).toBe(
    words(`
{ const i = 0u; a[i] = 0.0; { const j = 0u; b[i] += f(i, j); } }
{ const i = 1u; a[i] = 0.0; { const j = 0u; b[i] += f(i, j); } }
{ const k = 0u; if (x) { c(k); } }
d();`),
  )
})

test('other loops stay', () => {
  const code = 'for (var i = 0u; i < count; i++) { a(i); } for (var i = lane; i < ROWS; i += 2u) { b(i); }'
  expect(unrolled(code, { ROWS: 2 })).toBe(code)
})
