/*
 * A panel is what `gemm` and `gemmBlocks` make of eight rows of weights, so that eight outputs lie side by side in two
 * vectors. It begins with their bias, eight float32.
 */

/** Outputs of a panel. */
export const PANEL: i32 = 8
/** Bytes of its bias. */
export const BIAS_BYTES: usize = 32

/** Copies the bias of `count` outputs, up to eight, to the beginning of a panel; zeros if `bias` is 0. */
export function packBias(bias: usize, count: i32, panel: usize): void {
  memory.fill(panel, 0, BIAS_BYTES)
  if (bias != 0) memory.copy(panel, bias, <usize>count << 2)
}

/** Stores the first `count` of eight outputs, up to eight. */
// @ts-ignore: decorator
@inline
export function storeOutputs(y: usize, low: v128, high: v128, count: i32): void {
  if (count == PANEL) {
    v128.store(y, low)
    v128.store(y, high, 16)
  } else {
    storeSome(y, low, high, count)
  }
}

function storeSome(y: usize, low: v128, high: v128, count: i32): void {
  if (count >= 4) {
    v128.store(y, low)
    y += 16
    count -= 4
    low = high
  }
  if (count > 0) store<f32>(y, f32x4.extract_lane(low, 0))
  if (count > 1) store<f32>(y, f32x4.extract_lane(low, 1), 4)
  if (count > 2) store<f32>(y, f32x4.extract_lane(low, 2), 8)
}
