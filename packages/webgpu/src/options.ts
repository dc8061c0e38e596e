import type { FeatureSwitches } from './device/capabilities.ts'

/** How `webgpu()` chooses and uses a device. */
export interface WebGpuOptions {
  /** A device to work on. Its owner keeps it: `destroy()` leaves it alone. Default: one that is requested. */
  readonly device?: GPUDevice | undefined
  /** Which adapter to ask for where there are several. Default `high-performance`. */
  readonly powerPreference?: GPUPowerPreference | undefined
  /**
   * Whether an adapter that computes in software will do; without, it is refused, as it is far slower than
   * `@mamba/wasm`. Default false.
   */
  readonly software?: boolean | undefined
  /** Features of the device not to use: every kernel has a path without them. Default: all that it has. */
  readonly features?: FeatureSwitches | undefined
  /** `default`: ask for no more than the specification guarantees. Default `adapter`: all that the adapter has. */
  readonly limits?: 'default' | 'adapter' | undefined
}
