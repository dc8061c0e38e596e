import { checkSample } from '../ops/checks.ts'
import type { SampleArgs } from '../ops/ops.ts'
import { sampleLogits } from '../sampling/index.ts'
import type { Tensor } from '../tensor.ts'
import { dataOf, denseF32 } from './storage.ts'

/** `Ops.sample`. */
export function sample(logits: Tensor, args: SampleArgs): Int32Array {
  const { settings, vocabSize, history } = args
  const { batch, vocabulary } = checkSample(logits, args)
  const counter = typeof args.position === 'number' ? undefined : (dataOf(args.position) as Int32Array)
  const position = counter ? counter[0]! : (args.position as number)
  const data = denseF32(logits)
  const prompt = history && (dataOf(history.prompt) as Int32Array)
  const generated = history && (dataOf(history.generated) as Int32Array)
  const ids = new Int32Array(batch)
  for (let sequence = 0; sequence < batch; sequence++) {
    const start = sequence * vocabulary
    const end = start + vocabSize
    const counts = prompt &&
      generated && { prompt: prompt.subarray(start, end), generated: generated.subarray(start, end) }
    const { id } = sampleLogits(data.subarray(start, end), settings, { position, sequence, counts })
    ids[sequence] = id
    if (generated) generated[start + id]! += 1
  }
  if (counter) counter[0] = position + 1
  return ids
}
