/**
 * The errors of the suite. Every one of them says what was being done, to what, and what to do about it:
 * `selectiveScan: delta is [2, 64, 1535]; expected [2, 64, 1536] (batch, length, dInner)`.
 *
 * Copies of this package can be installed side by side, so errors are recognised by a registered symbol
 * and never by `instanceof`.
 */
const brand = Symbol.for('@mamba/core/error')

/** The six kinds of error that the suite throws on purpose. */
export type MambaErrorName =
  | 'ShapeError'
  | 'DTypeError'
  | 'ConfigError'
  | 'CheckpointError'
  | 'DeviceError'
  | 'KernelError'

/** Base class of every error that the suite throws on purpose. */
export class MambaError extends Error {
  /** @internal */
  readonly [brand] = true

  constructor(name: MambaErrorName, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = name
  }

  /** Whether `error` comes from any copy of this package; with `name`, whether it is of that kind. */
  static is(error: unknown, name?: MambaErrorName): error is MambaError {
    return error instanceof Error && brand in error && (name === undefined || error.name === name)
  }
}

/** A tensor, an array of ids or a state does not have the shape that the operation needs. */
export class ShapeError extends MambaError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('ShapeError', message, options)
  }
}

/** A tensor has a dtype that the operation does not take. */
export class DTypeError extends MambaError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('DTypeError', message, options)
  }
}

/** A configuration or an option is missing, impossible or not supported. */
export class ConfigError extends MambaError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('ConfigError', message, options)
  }
}

/** A file of a checkpoint is missing, damaged, hostile or of an unknown kind, or its source failed. */
export class CheckpointError extends MambaError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('CheckpointError', message, options)
  }
}

/** A device is unavailable, was lost, or has a limit that was exceeded. */
export class DeviceError extends MambaError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('DeviceError', message, options)
  }
}

/** A kernel did not compile or did not run; the message carries what the compiler said. */
export class KernelError extends MambaError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('KernelError', message, options)
  }
}
