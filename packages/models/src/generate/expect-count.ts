import { ConfigError } from '@mamba/core'

/** Refuses an option that is not a whole number of at least `least`. @throws ConfigError naming it */
export function expectCount(operation: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new ConfigError(`${operation}: ${name} is ${value}; expected a whole number of at least ${least}`)
}
