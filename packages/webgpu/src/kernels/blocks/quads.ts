/*
 * Kernels that read rows of a matrix take four neighbouring elements at a time: in one access where all rows begin at
 * multiples of four, one by one otherwise. Both are behind the same functions; buffers are arrays of `Unit`.
 */

/**
 * WGSL: `alias Unit`, the element of the buffers, and for each of them `<name>4(i, count)`, the elements from `i` on,
 * of which `count` are there, and 0 for the others.
 */
export function quadReads(names: readonly string[], aligned: boolean): string {
  return `alias Unit = ${unitOf(aligned)};\n${names.map((name) => quadRead(name, aligned)).join('')}`
}

/** WGSL: `put_<name>4(i, count, value)`, which writes the first `count` of four elements from `i` on. */
export function quadWrite(name: string, aligned: boolean): string {
  const start = `fn put_${name}4(i: u32, count: u32, value: vec4<f32>) {\n`
  if (aligned) return `${start}  if (count > 0u) { ${name}[i / 4u] = value; }\n}\n`
  return `${start}  if (count > 0u) { ${name}[i] = value.x; }
  if (count > 1u) { ${name}[i + 1u] = value.y; }
  if (count > 2u) { ${name}[i + 2u] = value.z; }
  if (count > 3u) { ${name}[i + 3u] = value.w; }\n}\n`
}

function quadRead(name: string, aligned: boolean): string {
  const start = `fn ${name}4(i: u32, count: u32) -> vec4<f32> {\n  var value = vec4<f32>();\n`
  const end = '  return value;\n}\n'
  if (aligned) return `${start}  if (count > 0u) { value = ${name}[i / 4u]; }\n${end}`
  return `${start}  if (count > 0u) { value.x = ${name}[i]; }
  if (count > 1u) { value.y = ${name}[i + 1u]; }
  if (count > 2u) { value.z = ${name}[i + 2u]; }
  if (count > 3u) { value.w = ${name}[i + 3u]; }\n${end}`
}

function unitOf(aligned: boolean): string {
  return aligned ? 'vec4<f32>' : 'f32'
}

/** Whether all numbers, of elements, are multiples of four. */
export function areAligned(...counts: readonly number[]): boolean {
  return counts.every((count) => count % 4 === 0)
}
