import { describeBackend } from '@mamba/conformance'
import { webgpu } from './webgpu.ts'

describeBackend('webgpu', () => webgpu({ software: true }), {
  runs: 12,
  maxSize: 40,
  seesValues: false,
})
