import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a command found, in the forms in which it is kept. */
interface Findings {
  readonly json: unknown
  readonly markdown: string
  /** Charts, by what their file's name ends in. */
  readonly charts?: Readonly<Record<string, string>>
}

/** Where results go. */
export interface Output {
  /** Writes `card-<name>.json`, `.md` and charts. */
  write(name: string, findings: Findings): void
  /** What an earlier run wrote as JSON; undefined if none did. */
  earlier(name: string): unknown
}

/**
 * @param folder where results are written
 * @param before where those of earlier runs are; a machine that is only lent may have them elsewhere
 */
export function createOutput(folder: string, before: string): Output {
  const fileOf = (name: string, end: string) => join(folder, `card-${name}${end}`)
  return {
    write(name, { json, markdown, charts = {} }) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(fileOf(name, '.json'), `${JSON.stringify(json, null, 2)}\n`)
      writeFileSync(fileOf(name, '.md'), markdown)
      for (const [end, svg] of Object.entries(charts)) writeFileSync(fileOf(name, `${end}.svg`), svg)
    },
    earlier(name) {
      try {
        return JSON.parse(readFileSync(join(before, `card-${name}.json`), 'utf8'))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
  }
}

/** A table whose columns but the first `texts` are numbers. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts = 1,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = `|${head.map((_, i) => (i < texts ? '---' : '---:')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
