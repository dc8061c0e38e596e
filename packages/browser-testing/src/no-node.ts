/*
 * Stands in for Node's modules in browsers: helpers of tests may import them, but not call them there.
 */

function missing(): never {
  throw new Error('a browser has no modules of Node: read files with fetch')
}

export const dirname = missing
export const existsSync = missing
export const fileURLToPath = missing
export const join = missing
export const readFileSync = missing
