/**
 * The byte alphabet of byte-level BPE (GPT-2, `encoder.py`, bytes_to_unicode): each byte is written as one
 * printable character. Bytes 33–126, 161–172 and 174–255 are the character of the same number; the other
 * 68, in order, are U+0100, U+0101, …; so a space is written `Ġ`.
 */
export const BYTE_TO_CHAR: readonly string[] = byteAlphabet()

/** The byte that a character of the byte alphabet stands for. */
export const CHAR_TO_BYTE: ReadonlyMap<string, number> = new Map(
  BYTE_TO_CHAR.map((char, byte) => [char, byte]),
)

function byteAlphabet(): string[] {
  let unprintable = 0
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    return String.fromCharCode(printable ? byte : 256 + unprintable++)
  })
}
