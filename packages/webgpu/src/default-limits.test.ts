import { describeBackend } from '@mamba/conformance'
import { webgpu } from './webgpu.ts'

// No more than every device has.
const least = { software: true, limits: 'default', features: { subgroups: false, f16: false } } as const

describeBackend('webgpu with default limits and no features', () => webgpu(least), {
  runs: 2,
  maxSize: 20,
  seesValues: false,
})
