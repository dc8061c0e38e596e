import type { ResolvedSampling } from '@mamba/core'
import type { Capabilities } from '../../device/capabilities.ts'
import type { Binding } from '../../memory/allocation.ts'
import type { SampleNode } from '../../ops/node.ts'
import type { Planner } from '../../planner.ts'
import { floatBits } from '../../queue/kernel.ts'
import { viewWords, workgroupsFor } from '../views.ts'
import { advanceKernel, type SampleBinding, type SampleVariant, sampleKernel } from './kernels.ts'

/** Vocabularies above this are worth workgroups that are as large as they can be. */
const LARGE_VOCABULARY = 4096
/** Temperatures below the largest score at which weights are less than 2⁻³² of the largest: half their unit. */
const REACH = 22.2
/** Bytes of an id and its key, which are kept of each id that top-k or top-p may keep. */
const CANDIDATE_BYTES = 8

/**
 * Chooses an id of each row in one dispatch, a workgroup for each: a vocabulary is some 200 kB, which one processor of a
 * card reads in the time that another dispatch would take. A workgroup goes over its row once for the largest score,
 * once or twice for top-k or top-p, and once for the draw if there are no such filters.
 */
export function planSample(planner: Planner, { logits, args, y }: SampleNode): void {
  const { settings, vocabSize, position, history } = args
  const { capabilities } = planner
  const [batch, , vocabulary] = logits.shape as [number, number, number]
  const isFiltered = settings.topK > 0 || settings.topP < 1
  const counter = typeof position === 'number' ? undefined : position
  // A workgroup must not change what others still read.
  const isAlone = batch === 1 || (settings.greedy && batch > 0)
  const variant: SampleVariant = {
    isGreedy: settings.greedy,
    hasHistory: history !== undefined,
    hasCounter: counter !== undefined,
    invocations: invocationsFor(capabilities, vocabSize),
  }
  const { kernel, bindings } = sampleKernel(variant)
  const most = settings.greedy
    ? batch
    : Math.max(1, Math.floor(capabilities.maxBindingBytes / (CANDIDATE_BYTES * vocabSize)))
  const ids = Math.min(batch, most) * vocabSize
  const bindingOf = (name: SampleBinding): Binding => {
    switch (name) {
      case 'logits':
        return planner.binding(logits)
      case 'prompt':
        return planner.binding(history!.prompt)
      case 'generated':
        return planner.binding(history!.generated)
      case 'keys':
        return { allocation: planner.scratch(4 * ids) }
      case 'candidates':
        return { allocation: planner.scratch(CANDIDATE_BYTES * (isFiltered ? ids : 1)) }
      case 'ids':
        return planner.binding(y)
      case 'counter':
        return planner.binding(counter!)
    }
  }
  const bound = bindings.map(bindingOf)
  for (let firstRow = 0; firstRow < batch; firstRow += most) {
    const rows = Math.min(most, batch - firstRow)
    planner.dispatch({
      kernel,
      bindings: bound,
      params: [
        firstRow,
        rows,
        vocabSize,
        ...viewWords(logits),
        vocabulary,
        ...penaltyWords(settings),
        isAlone ? 1 : 0,
        ...temperatureWords(settings, variant.invocations),
        ...filterWords(settings, vocabSize),
        ...wordsOf(settings.seed),
        ...wordsOf(typeof position === 'number' ? position : 0),
        firstShift(vocabSize, variant.invocations),
      ],
      workgroups: workgroupsFor(rows, 1, capabilities.maxWorkgroups),
      bytes: 4 * rows * vocabSize * (history ? 3 : 1),
    })
  }
  if (counter && !isAlone) {
    planner.dispatch({ kernel: advanceKernel, bindings: [planner.binding(counter)], workgroups: [1] })
  }
}

function invocationsFor({ maxInvocations, maxWorkgroupBytes }: Capabilities, vocabSize: number): number {
  // Each has two numbers, and two nodes of two numbers in a tree; and there are a few more.
  const most = Math.min(maxInvocations, Math.floor((maxWorkgroupBytes - 64) / 24))
  return Math.min(2 ** Math.floor(Math.log2(most)), vocabSize > LARGE_VOCABULARY ? 1024 : 256)
}

function penaltyWords({ repetitionPenalty, presencePenalty, frequencyPenalty }: ResolvedSampling): number[] {
  return [repetitionPenalty, presencePenalty, frequencyPenalty].map(floatBits)
}

function temperatureWords({ temperature }: ResolvedSampling, bins: number): number[] {
  // As float32 these must be neither 0 nor infinite. It makes no difference: the likeliest are left, or all are alike.
  const clamped = Math.min(Math.max(temperature, 1e-30), 1e36)
  return [1 / clamped, REACH * clamped, bins / (REACH * clamped)].map(floatBits)
}

function filterWords({ topK, topP, minP }: ResolvedSampling, vocabSize: number): number[] {
  return [
    topK < vocabSize ? topK : 0,
    topP < 1 ? Math.max(Math.floor(topP * 2 ** 32), 1) : 0,
    floatBits(minP),
  ]
}

/** The low and the high half of a whole number. */
function wordsOf(value: number): number[] {
  return [value % 2 ** 32, Math.floor(value / 2 ** 32)]
}

/** Where the first digit of ids begins: digits tell as many values as there are invocations. */
function firstShift(vocabSize: number, invocations: number): number {
  return Math.max(0, Math.ceil(Math.log2(vocabSize)) - Math.log2(invocations))
}
