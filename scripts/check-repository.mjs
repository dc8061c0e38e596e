// Checks that the repository stays small enough to clone anywhere: 30 MB of tracked files at most.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const LIMIT_BYTES = 30e6

// safe.directory: a clone that another user owns is as good to measure.
const git = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
const { status, stdout, stderr } = spawnSync('git', git, { encoding: 'utf8' })
if (status !== 0) throw new Error(`git ls-files failed: ${stderr}`)

// A file that was deleted but not yet committed is still listed.
const files = stdout.split('\0').filter((path) => path && existsSync(path))
const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0)
console.log(`${files.length} files, ${(bytes / 1e6).toFixed(1)} MB of ${LIMIT_BYTES / 1e6} MB`)
if (bytes > LIMIT_BYTES) process.exitCode = 1
