import { cpu, type Program, type Tensor } from '@mamba/core'
import { loadModel, type Model } from '@mamba/models'
import { fixturePath } from '@mamba/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DeviceBackend } from '../backend.ts'
import { capabilitiesOf } from '../device/capabilities.ts'
import { requestDevice } from '../device/request.ts'
import type { Runnable } from '../queue/prepare.ts'

/*
 * A whole step in one kernel: the software adapter may run its workgroups one after the other, so here it has only one.
 */

let backend: DeviceBackend

beforeAll(async () => {
  const device = await requestDevice({ software: true })
  backend = new DeviceBackend({
    info: { device: 'one workgroup', notes: [] },
    device,
    isOwner: true,
    capabilities: { ...capabilitiesOf(device, {}), concurrentWorkgroups: 1 },
  } as ConstructorParameters<typeof DeviceBackend>[0])
})
afterAll(() => backend.destroy())

const prompt = [5, 3, 8, 13, 21, 34, 55]

async function greedy(model: Model): Promise<readonly number[]> {
  return (await model.complete(prompt, { greedy: true, maxTokens: 20, stopIds: [] })).ids
}

test('is one kernel and sampling', async () => {
  using model = await loadModel(fixturePath('mamba'), { backend })
  using state = model.createState()
  using id = backend.zeros([1, 1], 'i32')
  const program = backend.capture(() => model.step(id, state).logits) as unknown as Runnable & Program<Tensor>
  await program.wait()
  expect(program.prepared!.map(({ label }) => label)).toEqual(['mambaStack'])
  program.destroy()
})

test('sees what was written to a weight meanwhile', async () => {
  using model = await loadModel(fixturePath('mamba'), { backend })
  using state = model.createState()
  using id = backend.zeros([1, 1], 'i32')
  const program = backend.capture(() => model.step(id, state).logits)
  const before = await program.replay().read()
  const norm = model.tensors.get('backbone.norm_f.weight')!
  const values = (await norm.read()) as Float32Array
  backend.write(
    norm,
    values.map((value) => 2 * value),
  )
  using again = model.createState()
  state.assign(again)
  const after = await program.replay().read()
  expect(after).toEqual(before.map((value) => 2 * value))
  program.destroy()
})

test.each(['mamba', 'mamba-options'])('%s generates in one kernel what the cpu does', async (name) => {
  using reference = await loadModel(fixturePath(name), { backend: cpu() })
  using model = await loadModel(fixturePath(name), { backend })
  expect(await greedy(model)).toEqual(await greedy(reference))
})
