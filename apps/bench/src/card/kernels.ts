import { files } from 'card:benches'
import type { Budget } from './budget.ts'

/**
 * Runs the benches of the kernels: programs of their own, which measure and print when they are loaded.
 * @param filter part of a file's path
 * @returns whether none failed
 */
export async function kernels(filter: string, budget: Budget): Promise<boolean> {
  let isComplete = true
  for (const { path, load } of files.filter((file) => file.path.includes(filter))) {
    console.log(`\n${path}`)
    if (!budget.has(15)) {
      console.log('no time is left')
      isComplete = false
      continue
    }
    try {
      await load()
    } catch (error) {
      isComplete = false
      console.log(`FAIL ${(error as Error).message}`)
    }
  }
  return isComplete
}
