const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text from a file as one line that is safe to print: line ends and terminal commands are written out. */
export function printable(text: string): string {
  const codeOf = (character: string) => character.charCodeAt(0).toString(16).padStart(4, '0')
  return text.replace(/\p{Cc}/gu, (character) => escapes[character] ?? `\\u${codeOf(character)}`)
}

/** `13,143,936`. */
export function thousands(value: number): string {
  return value.toLocaleString('en')
}

/** Bytes in the unit that suits them: `15.4 MB`. */
export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), units.length - 1)
  return `${power === 0 ? value : (value / 1000 ** power).toFixed(1)} ${units[power]}`
}

/** Lines of aligned columns, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  const line = (row: readonly string[]) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}
