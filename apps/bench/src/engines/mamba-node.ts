/* Ours in Node, as a child process. */
import { loadMamba } from './load-mamba.ts'
import { serve } from './serve.ts'

await serve((options) => loadMamba(options.modelPath, options))
