/** An engine of the comparison. */
export interface EngineKind {
  /** As the command line and the results name it. */
  readonly name: string
  readonly label: string
  /** Relative to this package. */
  readonly script: string
  /** For engines in browsers: the module that the page loads, relative to the repository. */
  readonly page?: string
  readonly colour: string
}

/** In the order in which each round measures them. */
export const engineKinds = [
  { name: 'mamba', label: 'ours, Node', script: 'src/engines/mamba-node.ts', colour: '#2f81f7' },
  { name: 'llama.cpp', label: 'llama.cpp, native', script: 'peers/llama-cpp.mjs', colour: '#8b949e' },
  {
    name: 'mamba-chromium',
    label: 'ours, Chromium',
    script: 'peers/browser.mjs',
    page: 'apps/bench/src/engines/mamba-page.ts',
    colour: '#79c0ff',
  },
  {
    name: 'wllama',
    label: 'wllama, Chromium',
    script: 'peers/browser.mjs',
    page: 'apps/bench/peers/wllama-page.js',
    colour: '#c9d1d9',
  },
] as const satisfies readonly EngineKind[]

export type EngineName = (typeof engineKinds)[number]['name']
