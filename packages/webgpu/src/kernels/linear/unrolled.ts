/**
 * Writes out the loops of a kernel whose number of rounds is one of the given constants: compilers keep an array in
 * registers only where no index is computed, and not all of them unroll a loop to see that none is. What remains is the
 * same program, and the text is WGSL also before.
 *
 * Such loops are written `for (var i = 0u; i < ROWS; i++) {`.
 */
export function unrolled(code: string, constants: Readonly<Record<string, number>>): string {
  const names = Object.keys(constants).join('|')
  const loop = new RegExp(`for \\(var (\\w+) = 0u; \\1 < (${names}); \\1\\+\\+\\) \\{`)
  const found = loop.exec(code)
  if (!found) return code
  const [head, index, name] = found as unknown as [string, string, string]
  const start = found.index + head.length
  const end = endOfBlock(code, start)
  const body = unrolled(code.slice(start, end), constants)
  const rounds = Array.from({ length: constants[name]! }, (_, i) => `{ const ${index} = ${i}u;${body}}`)
  return `${code.slice(0, found.index)}${rounds.join('\n')}${unrolled(code.slice(end + 1), constants)}`
}

/** Where the block ends whose text starts at `start`: its brace. */
function endOfBlock(code: string, start: number): number {
  let depth = 1
  for (let i = start; ; i++) {
    if (code[i] === '{') depth++
    if (code[i] === '}' && --depth === 0) return i
  }
}
