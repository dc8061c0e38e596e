import { copyOrZeros, expectShape, type Numbers } from './numbers.ts'

/** The recurrence hₜ = aₜ ⊙ hₜ₋₁ + bₜ. */
export interface RecurrenceInputs {
  /** (length, width) */
  readonly a: Numbers
  /** (length, width) */
  readonly b: Numbers
  /** (width), the state before the first step; zeros if absent */
  readonly h0?: Numbers | undefined
}

export interface RecurrenceDims {
  readonly length: number
  /** Number of independent recurrences side by side. */
  readonly width: number
}

/** A way to compute h (length, width), all the states of a recurrence. Any length, 0 included. */
export type AssociativeScan = (inputs: RecurrenceInputs, dims: RecurrenceDims) => Float64Array

/** One or several steps of a recurrence, composed: the map h → a h + b. */
export interface StepMap {
  readonly a: number
  readonly b: number
}

/**
 * Composes steps: (a₁, b₁) ∘ (a₂, b₂) = (a₂ a₁, a₂ b₁ + b₂), the earlier one first.
 *
 * It is associative, which is what makes a recurrence a parallel scan; it is not commutative; its identity is
 * (1, 0). Source: Blelloch 1990, "Prefix sums and their applications", section 1.4.
 */
export function composeSteps(earlier: StepMap, later: StepMap): StepMap {
  return { a: later.a * earlier.a, b: later.a * earlier.b + later.b }
}

/**
 * Inclusive scan by Hillis & Steele ("Data parallel algorithms", 1986): after the pass with distance d, every
 * position holds the composition of the last 2d steps up to it. ⌈log₂ length⌉ passes over the sequence.
 * @returns h (length, width)
 * @throws ShapeError if a, b or h0 does not fit the dims
 */
export function hillisSteeleScan(inputs: RecurrenceInputs, dims: RecurrenceDims): Float64Array {
  checkRecurrence('hillisSteeleScan', inputs, dims)
  const { length, width } = dims
  let a = new Float64Array(inputs.a)
  let b = new Float64Array(inputs.b)
  if (inputs.h0 !== undefined && length > 0) {
    // The incoming state joins the first step: b₁ ← a₁ h₀ + b₁.
    for (let i = 0; i < width; i++) {
      b[i]! += a[i]! * inputs.h0[i]!
    }
  }
  // Two buffers, because every position of a pass reads what the pass before left at two positions.
  let nextA = new Float64Array(length * width)
  let nextB = new Float64Array(length * width)
  for (let distance = 1; distance < length; distance *= 2) {
    const shift = distance * width
    nextA.set(a.subarray(0, shift))
    nextB.set(b.subarray(0, shift))
    for (let later = shift; later < length * width; later++) {
      const earlier = later - shift
      nextA[later] = a[later]! * a[earlier]!
      nextB[later] = a[later]! * b[earlier]! + b[later]!
    }
    ;[a, nextA] = [nextA, a]
    ;[b, nextB] = [nextB, b]
  }
  return b
}

/**
 * Scan by Blelloch ("Prefix sums and their applications", 1990): an up-sweep composes the steps of ever
 * larger blocks, a down-sweep hands every block the state before it. About 2 · length compositions.
 * @returns h (length, width)
 * @throws ShapeError if a, b or h0 does not fit the dims
 */
export function blellochScan(inputs: RecurrenceInputs, dims: RecurrenceDims): Float64Array {
  checkRecurrence('blellochScan', inputs, dims)
  const { length, width } = dims
  if (length === 0) {
    return new Float64Array(0)
  }
  // A tree needs a power of two; the steps after the end are identities (1, 0).
  const leaves = 2 ** Math.ceil(Math.log2(length))
  const a = new Float64Array(leaves * width).fill(1)
  const b = new Float64Array(leaves * width)
  a.set(inputs.a)
  b.set(inputs.b)

  // Up: a block of 2 · half steps, whose last position is `right`, is its left half, then its right half.
  for (let half = 1; half < leaves; half *= 2) {
    for (let right = 2 * half - 1; right < leaves; right += 2 * half) {
      composeInto(a, b, (right - half) * width, right * width, width)
    }
  }

  // Down: the left half starts from the block's incoming state, the right half from where the left half ends.
  const incoming = b
  incoming.set(copyOrZeros(inputs.h0, width), (leaves - 1) * width)
  for (let half = leaves / 2; half >= 1; half /= 2) {
    for (let right = 2 * half - 1; right < leaves; right += 2 * half) {
      passDown(a, incoming, (right - half) * width, right * width, width)
    }
  }

  const h = new Float64Array(length * width)
  for (let i = 0; i < length * width; i++) {
    h[i] = inputs.a[i]! * incoming[i]! + inputs.b[i]!
  }
  return h
}

/** Replaces the steps at `later` by `earlier` ∘ `later`, for `width` recurrences. */
function composeInto(a: Float64Array, b: Float64Array, earlier: number, later: number, width: number): void {
  for (let i = 0; i < width; i++) {
    b[later + i]! += a[later + i]! * b[earlier + i]!
    a[later + i]! *= a[earlier + i]!
  }
}

/**
 * At `right` stands a block's incoming state, at `left` the steps (a, b) of its left half. Afterwards both
 * hold the incoming state of their own half. An incoming state has no `a`: steps are applied to it.
 */
function passDown(a: Float64Array, b: Float64Array, left: number, right: number, width: number): void {
  for (let i = 0; i < width; i++) {
    const incoming = b[right + i]!
    b[right + i] = a[left + i]! * incoming + b[left + i]!
    b[left + i] = incoming
  }
}

function checkRecurrence(
  operation: string,
  { a, b, h0 }: RecurrenceInputs,
  { length, width }: RecurrenceDims,
): void {
  expectShape(operation, 'a', a, { length, width })
  expectShape(operation, 'b', b, { length, width })
  if (h0 !== undefined) {
    expectShape(operation, 'h0', h0, { width })
  }
}
