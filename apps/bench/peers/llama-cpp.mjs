/* Native llama.cpp in Node, as a child process. It uses the prebuilt binary of the package, and never builds one. */
import { getLlama } from 'node-llama-cpp'
import { promptIds, timeTokens } from '../src/engines/engine.ts'
import { serve } from '../src/engines/serve.ts'

await serve(async ({ modelPath, threads, vocabSize }) => {
  const llama = await getLlama({
    ...{ gpu: false, build: 'never', skipDownload: true, progressLogs: false },
    ...{ maxThreads: threads, logLevel: 'error' },
  })
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 })
  const context = await model.createContext({ contextSize: 2048, threads })
  // Without checkpoints, which would copy the recurrent state while it is timed.
  const sequence = context.getSequence({ checkpoints: { max: 0, interval: false } })
  const { release } = llama.llamaCppRelease
  const features = [...llama.systemInfo.matchAll(/(\w+) = 1/g)].map(([, name]) => name)
  return {
    about:
      `llama.cpp ${release} (node-llama-cpp 3.22.1, ${llama.buildType}, batches of ${context.batchSize}; ` +
      `${features.join(', ')})`,
    async measure(workload) {
      await sequence.clearHistory()
      const options = { temperature: 0, yieldEogToken: true }
      return timeTokens(workload, sequence.evaluate(promptIds(workload, vocabSize), options))
    },
  }
})
