// Runs a command of this workspace, after whatever set-up it still needs: npm run story | mamba | pnpm, npm test.
import { join } from 'node:path'
import { exitLike, runChild } from './set-up/child.mjs'
import { SetUpError, setUp } from './set-up/set-up.mjs'
import { root } from './set-up/state.mjs'

const [command, ...args] = process.argv.slice(2)
const mamba = join(root, 'packages/cli/dist/main.js')

/** What each command runs: its needs, its program (Node unless named) and arguments. */
const commands = {
  story: {
    build: true,
    args: [mamba, 'generate', '--model', 'stories', '--echo', ...promptAndOptions(args)],
  },
  mamba: { build: true, args: [mamba, ...args] },
  check: { build: false, args: [join(root, 'scripts/check.mjs'), ...args] },
  pnpm: { build: false, program: 'pnpm', args },
}

function promptAndOptions(words) {
  return words[0] && !words[0].startsWith('-') ? words : ['Once upon a time', ...words]
}

if (!Object.hasOwn(commands, command)) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(commands).join(' | ')} [arguments]\n`)
  process.exit(1)
}
try {
  const { build, program, args } = commands[command]
  const { node, env } = await setUp({ build })
  // npm moves to the clone's root; paths on the command line are meant from where it was called.
  exitLike(await runChild(program ?? node, args, { cwd: process.env.INIT_CWD ?? process.cwd(), env }))
} catch (error) {
  if (!(error instanceof SetUpError)) throw error
  process.stderr.write(`set-up: ${error.message}\n`)
  exitLike(error.ending)
}
