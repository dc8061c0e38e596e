// Packs the public packages as for publishing, installs them in a project outside this workspace, and uses them there.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const packages = join(here, '../../packages')
const project = mkdtempSync(join(tmpdir(), 'mamba-outside-'))
const run = (program, ...args) => execFileSync(program, args, { cwd: project, stdio: 'inherit' })

/** The JavaScript of the READMEs and guides, each block a program. */
function snippets() {
  const root = join(here, '../..')
  const guides = readdirSync(join(root, 'docs/how-to')).map((name) => join('docs/how-to', name))
  const readmes = readdirSync(packages).map((name) => join('packages', name, 'README.md'))
  return ['README.md', ...readmes, ...guides]
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) => {
      const blocks = readFileSync(join(root, path), 'utf8').matchAll(/```js\n(.*?)```/gs)
      return Array.from(blocks, ([, code], i) => ({
        name: `${path.replaceAll(/\W+/g, '-')}-${i + 1}.js`,
        code,
      }))
    })
}

const isPublic = (name) => !JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')).private

try {
  for (const name of readdirSync(packages).filter(isPublic)) {
    run('pnpm', '--dir', join(packages, name), 'pack', '--silent', '--pack-destination', project)
  }
  const tarballs = readdirSync(project).map((name) => `./${name}`)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  // WebGPU for Node is 130 MB, and its absence is a case to test.
  run(
    'npm',
    'install',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '@types/node@24',
    ...tarballs,
  )
  copyFileSync(join(here, 'consumer.ts'), join(project, 'consumer.ts'))
  copyFileSync(join(here, 'consumer.tsconfig.json'), join(project, 'tsconfig.json'))
  run('tsc')
  run(process.execPath, 'consumer.ts')
  for (const { name, code } of snippets()) {
    console.log(`\n${name}`)
    writeFileSync(join(project, name), code)
    run(process.execPath, name)
  }
  run(process.execPath, 'node_modules/@mamba/cli/dist/main.js', 'inspect', 'node_modules/@mamba/stories/data')
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}
