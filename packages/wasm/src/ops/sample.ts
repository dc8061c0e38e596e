import type { SampleArgs, Tensor } from '@mamba/core'
import { checkSample } from '@mamba/core/backend'
import type { Context } from '../context.ts'
import { choose } from './choose.ts'
import { withDense } from './dense.ts'
import { LogitRow } from './logit-row.ts'

/** `Ops.sample`. */
export function sample(context: Context, logits: Tensor, args: SampleArgs): Tensor {
  const { settings, vocabSize, history } = args
  const { batch, vocabulary } = checkSample(logits, args)
  const promptCounts = context.optionalAddress(history?.prompt)
  const generatedCounts = context.optionalAddress(history?.generated)
  const counterAddress = typeof args.position === 'number' ? undefined : context.address(args.position)
  const fill = (start: number, workspace: number, y: number) => {
    // Nothing is allocated from here on, so views of the memory stay valid.
    const ids = context.ints(y, batch)
    const counter = counterAddress === undefined ? undefined : context.ints(counterAddress, 1)
    const position = counter ? counter[0]! : (args.position as number)
    for (let sequence = 0; sequence < batch; sequence++) {
      const offset = 4 * sequence * vocabulary
      const counts = history && {
        prompt: context.ints(promptCounts + offset, vocabSize),
        generated: context.ints(generatedCounts + offset, vocabSize),
      }
      const row = new LogitRow(context, start + offset, vocabSize, workspace)
      const id = choose(row, settings, { position, sequence, counts })
      ids[sequence] = id
      if (counts) counts.generated[id]! += 1
    }
    if (counter) counter[0] = position + 1
  }
  return withDense(context, logits, (start) =>
    context.temporary(LogitRow.workspaceBytes(vocabSize), (workspace) =>
      context.result([batch, 1], (y) => fill(start, workspace, y), 'i32'),
    ),
  )
}
