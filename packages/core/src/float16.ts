// Scratch, to look at a float32's bits.
const bits = new Uint32Array(1)
const value = new Float32Array(bits.buffer)

/** The value of a float16 (IEEE 754 binary16) given as its 16 bits. */
export function f16ToF32(half: number): number {
  const magnitude = half & 0x7fff
  // Moved to float32's place the exponent is 112 too small; the product mends it, and subnormals with it.
  bits[0] = magnitude << 13
  const absolute = magnitude < 0x7c00 ? value[0]! * 2 ** 112 : magnitude === 0x7c00 ? Infinity : Number.NaN
  return half & 0x8000 ? -absolute : absolute
}

/** The 16 bits of the float16 nearest to `x`, ties to even; beyond ±65519 infinite. */
export function f32ToF16(x: number): number {
  value[0] = x
  const sign = (bits[0]! >>> 16) & 0x8000
  const magnitude = bits[0]! & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
    return sign | ((rounded - 0x38000000) >>> 13)
  }
  // Subnormal: adding ½ makes the hardware round at 2⁻²⁴, the last place of a float16.
  bits[0] = magnitude
  value[0] = value[0]! + 0.5
  return sign | (bits[0]! - 0x3f000000)
}

/** The value of a bfloat16 given as its 16 bits: the upper half of a float32, so exact. */
export function bf16ToF32(half: number): number {
  bits[0] = half << 16
  return value[0]!
}

/** The 16 bits of the bfloat16 nearest to `x`, ties to even. */
export function f32ToBf16(x: number): number {
  value[0] = x
  const all = bits[0]!
  if ((all & 0x7fffffff) > 0x7f800000) return (all >>> 16) | 0x40
  return (all + 0x7fff + ((all >>> 16) & 1)) >>> 16
}
