import { Wllama } from './node_modules/@wllama/wllama/esm/index.js'

/** Loads a model with wllama in this page. It starts workers of its own. */
export async function load({ modelUrl, threads }) {
  const wasmUrl = new URL('./node_modules/@wllama/wllama/esm/wasm/wllama.wasm', import.meta.url)
  const wllama = new Wllama({ default: wasmUrl.href }, { suppressNativeLog: true })
  const blob = await (await fetch(modelUrl)).blob()
  await wllama.loadModel([blob], { n_ctx: 2048, n_threads: threads, n_gpu_layers: 0, n_parallel: 1 })
  if (wllama.getNumThreads() !== threads) throw new Error(`wllama runs on ${wllama.getNumThreads()} threads`)
  const { n_ubatch } = wllama.getLoadedContextInfo()
  return {
    about: `wllama 3.8.1 (llama.cpp ${Wllama.getLibllamaVersion()}, batches of ${n_ubatch})`,
    measure: (workload) => measure(wllama, workload),
  }
}

/*
 * Times are those of its own clock, as text comes late where a character takes several tokens: `prompt_ms` ends and
 * `predicted_ms` begins when the first token is known.
 */
async function measure(wllama, workload) {
  const { timings } = await wllama.createCompletion({
    prompt: promptText(workload.promptLength - Number(wllama.mustAddBosToken())),
    max_tokens: workload.tokens + 1,
    ...{ temperature: 0, ignore_eos: true, cache_prompt: false },
  })
  const { prompt_n, prompt_ms, predicted_n, predicted_ms } = timings
  if (prompt_n !== workload.promptLength || predicted_n !== workload.tokens + 1) {
    throw new Error(
      `wllama read ${prompt_n} tokens and wrote ${predicted_n}; asked for ${JSON.stringify(workload)}`,
    )
  }
  return { workload, prefillMs: prompt_ms, decodeMs: predicted_ms }
}

/** It takes text only. GPT-2's pattern never joins these two characters, so each of them is a token. */
function promptText(length) {
  return '.a'.repeat(Math.ceil(length / 2)).slice(0, length)
}
