/** Names of tensors in a block, GGUF's and the original; `mixer.dt_proj.bias` is `mixer.dt_bias` in Mamba-2. */
const blockNames: Readonly<Record<string, string>> = {
  'attn_norm.weight': 'norm.weight',
  'ssm_in.weight': 'mixer.in_proj.weight',
  'ssm_in.bias': 'mixer.in_proj.bias',
  'ssm_conv1d.weight': 'mixer.conv1d.weight',
  'ssm_conv1d.bias': 'mixer.conv1d.bias',
  'ssm_x.weight': 'mixer.x_proj.weight',
  'ssm_dt.weight': 'mixer.dt_proj.weight',
  'ssm_dt.bias': 'mixer.dt_proj.bias',
  ssm_a: 'mixer.A',
  ssm_d: 'mixer.D',
  'ssm_norm.weight': 'mixer.norm.weight',
  'ssm_out.weight': 'mixer.out_proj.weight',
  'ssm_out.bias': 'mixer.out_proj.bias',
}

const topNames: Readonly<Record<string, string>> = {
  'token_embd.weight': 'backbone.embeddings.weight',
  'output_norm.weight': 'backbone.norm_f.weight',
  'output.weight': 'lm_head.weight',
}

/** What the original calls what GGUF calls differently or has in another form. */
const aliases: Readonly<Record<string, string>> = {
  'backbone.embedding.weight': 'backbone.embeddings.weight',
  'mixer.dt_bias': 'mixer.dt_proj.bias',
  'mixer.A_log': 'mixer.A',
}

const ggufTopNames = inverted(topNames)
const ggufBlockNames = inverted(blockNames)

/** The name that a tensor of a GGUF file has in Hugging Face's layout; the same if it is not known. */
export function originalName(name: string, isMamba2: boolean): string {
  const block = /^blk\.(\d+)\.(.+)$/.exec(name)
  if (!block) return topNames[name] ?? name
  const [, layer, rest] = block
  const original = isMamba2 && rest === 'ssm_dt.bias' ? 'mixer.dt_bias' : blockNames[rest!]
  // A name that is not known stays as it is, so that it is reported under the name that the file has.
  return original ? `backbone.layers.${layer}.${original}` : name
}

/** The name in GGUF of a tensor of Hugging Face's or the official layout; undefined if GGUF has no such tensor. */
export function ggufName(name: string): string | undefined {
  const block = /^backbone\.layers\.(\d+)\.(.+)$/.exec(name)
  if (!block) return ggufTopNames[aliases[name] ?? name]
  const [, layer, rest] = block
  const converted = ggufBlockNames[aliases[rest!] ?? rest!]
  return converted && `blk.${layer}.${converted}`
}

function inverted(names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([gguf, original]) => [original, gguf]))
}
