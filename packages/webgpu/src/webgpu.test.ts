import { describeBackend } from '@mamba/conformance'
import { webgpu } from './webgpu.ts'

describeBackend('webgpu', () => webgpu({ software: true }), {
  runs: 8,
  maxSize: 40,
  seesValues: false,
})
