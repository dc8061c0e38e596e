/** The arrays that numerical tests work on. */
export type Floats = Float32Array | Float64Array

/** Absolute values, in the same kind of array. */
export function abs<T extends Floats>(array: T): T {
  return array.map(Math.abs) as T
}

/** `count` numbers from `next`, rounded to float32 so that every backend reads the same inputs. */
export function fill(count: number, next: () => number): Float32Array {
  return Float32Array.from({ length: count }, next)
}

/**
 * A copy of the part of a dense row-major array from `start` to `end` (not included) along one axis.
 * @param shape the array's shape, for example [batch, length, dInner]
 */
export function sliceAxis<T extends Floats>(
  array: T,
  shape: readonly number[],
  axis: number,
  start: number,
  end: number,
): T {
  const inner = product(shape.slice(axis + 1))
  const stride = shape[axis]! * inner
  const width = (end - start) * inner
  const outer = product(shape.slice(0, axis))
  const result = likeArray(array, outer * width)
  for (let o = 0; o < outer; o++) {
    result.set(array.subarray(o * stride + start * inner, o * stride + end * inner), o * width)
  }
  return result
}

/**
 * Joins dense row-major arrays along one axis.
 * @param shape the shape of the result; its size along `axis` is the sum of the parts' sizes
 */
export function joinAxis<T extends Floats>(parts: readonly T[], shape: readonly number[], axis: number): T {
  const outer = product(shape.slice(0, axis))
  const result = likeArray(parts[0]!, product(shape))
  const stride = product(shape.slice(axis))
  let offset = 0
  for (const part of parts) {
    const width = outer === 0 ? 0 : part.length / outer
    for (let o = 0; o < outer; o++) {
      result.set(part.subarray(o * width, (o + 1) * width), o * stride + offset)
    }
    offset += width
  }
  return result
}

/** Number of elements of a shape. */
function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}

function likeArray<T extends Floats>(array: T, length: number): T {
  return (array instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)) as T
}
