import { ConfigError, ShapeError } from '../errors.ts'

/** What the functions of this folder read. Whatever it is, they compute in and return float64. */
export type Numbers = Float32Array | Float64Array

/**
 * Checks that an argument holds a dense array of the expected shape.
 * @param operation name of the function that was called, for the message
 * @param argument name of its argument, for the message
 * @param shape the expected sizes, named, outermost axis first: `{ batch, length, dInner }`
 * @throws ShapeError if a size is not a whole number ≥ 0 or the array has another number of elements
 */
export function expectShape(
  operation: string,
  argument: string,
  array: Numbers,
  shape: Readonly<Record<string, number>>,
): void {
  let expected = 1
  for (const [name, size] of Object.entries(shape)) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(`${operation}: ${name} is ${size}; expected a whole number, 0 or more`)
    }
    expected *= size
  }
  if (array.length !== expected) {
    const sizes = Object.values(shape).join(', ')
    const names = Object.keys(shape).join(', ')
    throw new ShapeError(
      `${operation}: ${argument} has ${array.length} elements; expected [${sizes}] (${names})`,
    )
  }
}

/**
 * Checks that one size divides another, as the number of groups divides the number of heads.
 * @throws ShapeError if it does not
 */
export function expectDivides(operation: string, sizes: Readonly<Record<string, number>>): void {
  const [[divisorName, divisor], [name, size]] = Object.entries(sizes) as [[string, number], [string, number]]
  if (divisor < 1 || size % divisor !== 0) {
    throw new ShapeError(`${operation}: ${divisorName} is ${divisor}; expected a divisor of ${name}, ${size}`)
  }
}

/**
 * Checks a number of tokens per chunk.
 * @throws ConfigError if it is not a whole number ≥ 1
 */
export function expectChunkSize(operation: string, chunkSize: number): void {
  if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) {
    throw new ConfigError(`${operation}: chunkSize is ${chunkSize}; expected a whole number, 1 or more`)
  }
}

/** A float64 copy of `values`, or `length` zeros: the state that a scan starts from and then writes to. */
export function copyOrZeros(values: Numbers | undefined, length: number): Float64Array {
  return values === undefined ? new Float64Array(length) : new Float64Array(values)
}
