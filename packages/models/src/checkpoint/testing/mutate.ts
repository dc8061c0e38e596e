/** One change of a file: bytes are overwritten, inserted, removed or copied elsewhere. */
export interface Mutation {
  readonly kind: 'overwrite' | 'insert' | 'remove' | 'copy'
  /** Where, as a fraction of the file. */
  readonly at: number
  /** Where bytes are copied from, as a fraction of the file. */
  readonly from: number
  /** Bytes to remove or copy. */
  readonly length: number
  /** Bytes to write. */
  readonly bytes: Uint8Array
}

/** The file after these changes. */
export function mutate(
  file: Uint8Array<ArrayBuffer>,
  mutations: readonly Mutation[],
): Uint8Array<ArrayBuffer> {
  let bytes = [...file]
  for (const { kind, at, from, length, bytes: written } of mutations) {
    const place = Math.floor(at * bytes.length)
    const source = Math.floor(from * bytes.length)
    if (kind === 'remove') bytes.splice(place, length)
    else if (kind === 'insert') bytes.splice(place, 0, ...written)
    else if (kind === 'overwrite') bytes.splice(place, written.length, ...written)
    else bytes = [...bytes.slice(0, place), ...bytes.slice(source, source + length), ...bytes.slice(place)]
  }
  return Uint8Array.from(bytes)
}
