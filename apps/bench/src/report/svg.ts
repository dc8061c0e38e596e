/** Parts of SVG charts. Colours are readable on light and on dark pages. */
export const COLOURS = { text: '#7d8590', line: '#7d859055', ours: '#2f81f7', oursPale: '#79c0ff' } as const

/** An SVG document. @param width in pixels, as are all lengths here */
export function svg(width: number, height: number, parts: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`
  return [`${open} font-family="system-ui, sans-serif" font-size="12">`, ...parts, '</svg>', ''].join('\n')
}

/** A line of text. */
export function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="${COLOURS.text}" ${attributes}>${escaped(content)}</text>`
}

export function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string = COLOURS.line): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}"/>`
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
