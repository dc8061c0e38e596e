// A lock between processes: a file that names its holders and is touched while they work.
import { randomUUID } from 'node:crypto'
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 2_000
const SILENCE_MS = 30_000

/**
 * Runs `body` while no other process holds the lock at `path`. A lock whose holders have died is taken over.
 * @param body gets `addHolder(pid)`: that process keeps the lock even if this one is killed
 * @param onWait called once if another process holds the lock
 */
export async function withLock(path, body, onWait) {
  await acquire(path, onWait)
  const release = () => {
    for (const name of readdirSync(dirname(path))) {
      if (name.startsWith(`${basename(path)}.`)) rmSync(join(dirname(path), name), { force: true })
    }
    rmSync(path, { force: true })
  }
  const heartbeat = setInterval(() => utimesSync(path, new Date(), new Date()), HEARTBEAT_MS)
  process.on('exit', release)
  try {
    return await body((pid) => appendFileSync(path, `${pid}\n`))
  } finally {
    clearInterval(heartbeat)
    process.off('exit', release)
    release()
  }
}

async function acquire(path, onWait) {
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(path, `${randomUUID()}\n${process.pid}\n`, { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (removeIfDead(path)) continue
    if (!waited) onWait()
    await sleep(200)
  }
}

function removeIfDead(path) {
  try {
    const [token, ...pids] = readFileSync(path, 'utf8').trimEnd().split('\n')
    const silent = Date.now() - statSync(path).mtimeMs > SILENCE_MS
    // A file without process ids is one that its holder is just writing.
    if (!silent && (pids.length === 0 || pids.some(isAlive))) return false
    // Of all who find this lock dead, only the one that creates this file removes it: a newer lock is never removed.
    writeFileSync(`${path}.${token}`, '', { flag: 'wx' })
    rmSync(path, { force: true })
    return true
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EEXIST') return false
    throw error
  }
}

function isAlive(pid) {
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
