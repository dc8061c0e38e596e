import { SCRATCH, SCRATCH_BYTES } from '../../src/control'

/** Address of a thread's scratch memory, aligned to 64 bytes; how much there is, the host's op has asked for. */
// @ts-ignore: decorator
@inline
export function scratch(thread: i32): usize {
  return load<usize>(SCRATCH) + <usize>thread * load<usize>(SCRATCH_BYTES)
}

/** Word `index` of a kernel's arguments as a signed integer. */
// @ts-ignore: decorator
@inline
export function int(args: usize, index: usize): i32 {
  return load<i32>(args + (index << 2))
}

/** Word `index` of a kernel's arguments as an address or a count of bytes. */
// @ts-ignore: decorator
@inline
export function pointer(args: usize, index: usize): usize {
  return load<usize>(args + (index << 2))
}

/** Word `index` of a kernel's arguments as a float32. */
// @ts-ignore: decorator
@inline
export function float(args: usize, index: usize): f32 {
  return load<f32>(args + (index << 2))
}
