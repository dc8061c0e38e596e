/** Invocations of a workgroup of the scan of short sequences. */
export const SHORT_SIZE = 64

/** Invocations that the states of a channel are spread over: a power of two. */
export function shortScanLanes(groups: number): number {
  let lanes = 1
  while (lanes < Math.min(groups, SHORT_SIZE)) lanes *= 2
  return lanes
}

/** Channels of a workgroup. */
export function shortScanChannels(groups: number): number {
  return SHORT_SIZE / shortScanLanes(groups)
}
