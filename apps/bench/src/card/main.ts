/* Measurements of a graphics card, as one program: README.md beside this file says what it does and how it is run. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Backend, ConfigError, cpu, type DType, isDType } from '@mamba/core'
import { webgpu } from '@mamba/webgpu'
import { createBudget } from './budget.ts'
import { cardText, describeCard } from './card.ts'
import { check, checkNames } from './check/check.ts'
import { constant } from './constant.ts'
import { kernels } from './kernels.ts'
import { defaultModels } from './models.ts'
import { createOutput } from './output.ts'
import { profile } from './profile.ts'
import { speed } from './speed.ts'
import { verify } from './verify.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '540' },
    out: { type: 'string', default: 'apps/bench/results' },
    backend: { type: 'string', default: 'webgpu' },
    software: { type: 'boolean', default: false },
    // check
    variants: { type: 'string', default: checkNames.join(',') },
    filter: { type: 'string' },
    cases: { type: 'string', default: '40' },
    size: { type: 'string', default: '70' },
    seed: { type: 'string' },
    // speed
    models: { type: 'string', default: defaultModels.join(',') },
    dtypes: { type: 'string', default: 'f16,q8_0' },
    measures: { type: 'string', default: 'decode,decode64,prefill' },
    lengths: { type: 'string', default: '2048,16384,131072' },
    tokens: { type: 'string', default: '128' },
    chunk: { type: 'string' },
    runs: { type: 'string', default: '5' },
    'seconds-each': { type: 'string', default: '8' },
    fresh: { type: 'boolean', default: false },
    // constant
    positions: { type: 'string', default: '100,1000,10000,100000,1000000' },
    // profile
    batch: { type: 'string', default: '1' },
  },
})
const [command, ...words] = positionals
const budget = createBudget(Number(flags.seconds))
const output = createOutput(flags.out, 'apps/bench/results')

/** A model and a dtype, as the words after the command. */
const [model = 'mamba-130m', dtype = 'f16'] = words

const commands: Readonly<Record<string, () => Promise<boolean>>> = {
  info: () =>
    onBackend(async (backend) => {
      const card = describeCard(backend)
      console.log(`${cardText(card)}\n${card.features.join(', ')}\n${JSON.stringify(card.limits, null, 2)}`)
      return true
    }),
  check: () =>
    check(
      {
        names: flags.variants.split(','),
        filter: flags.filter === undefined ? undefined : new RegExp(flags.filter),
        runs: Number(flags.cases),
        maxSize: Number(flags.size),
        seed: flags.seed === undefined ? undefined : Number(flags.seed),
        software: flags.software,
        signal: budget.signal,
      },
      output,
    ),
  verify: () =>
    onBackend((backend) => verify(backend, words.length > 0 ? words : fixtures(), budget.signal, output)),
  speed: () =>
    onBackend((backend) =>
      speed(
        backend,
        {
          models: flags.models.split(','),
          dtypes: flags.dtypes.split(',').map(dtypeOf),
          measures: flags.measures.split(','),
          lengths: flags.lengths.split(',').map(Number),
          tokens: Number(flags.tokens),
          chunkSize: flags.chunk === undefined ? undefined : Number(flags.chunk),
          repetition: { runs: Number(flags.runs), seconds: Number(flags['seconds-each']) },
          budget,
          fresh: flags.fresh,
        },
        output,
      ),
    ),
  constant: () =>
    onBackend((backend) => {
      const positions = flags.positions.split(',').map(Number)
      return constant(backend, { model, dtype: dtypeOf(dtype), positions, budget }, output)
    }),
  profile: () =>
    onBackend((backend) =>
      profile(
        backend,
        {
          model,
          dtype: dtypeOf(dtype),
          batch: Number(flags.batch),
          chunkSize: Number(flags.chunk ?? 2048),
          budget,
        },
        output,
      ),
    ),
  kernels: () => kernels(flags.filter ?? '', budget),
}

const run = commands[command ?? '']
if (!run) throw new ConfigError(`card: expected one of ${Object.keys(commands).join(', ')}; got ${command}`)
process.exitCode = (await run()) ? 0 : 1

async function onBackend(use: (backend: Backend) => Promise<boolean>): Promise<boolean> {
  const backend = flags.backend === 'cpu' ? cpu() : await webgpu({ software: flags.software })
  try {
    return await use(backend)
  } finally {
    backend.destroy()
  }
}

/** The repository's own, in the folder in which the program is run. */
function fixtures(): string[] {
  return readdirSync('fixtures').map((name) => join('fixtures', name))
}

function dtypeOf(name: string): DType {
  if (isDType(name)) return name
  throw new ConfigError(`card: there is no dtype ${name}`)
}
