import { readFileSync } from 'node:fs'

// Both src and dist lie directly in the package's folder.
const { version: stated } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** Of this package. */
export const version: string = stated
