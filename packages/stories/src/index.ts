/**
 * Address of the embedded story model, a GGUF file with its tokenizer beside it, as `loadModel` takes it: a `file:`
 * URL in Node, and where modules are loaded over HTTP the URL of the package's `data` folder there.
 */
export function stories(): URL {
  return new URL('../data/stories-mamba-13m-q8_0.gguf', import.meta.url)
}
