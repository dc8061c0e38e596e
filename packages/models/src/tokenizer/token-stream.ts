import type { Stage } from './decoder-stages.ts'

/** Turns ids into text one at a time: all that {@link push} and {@link end} return, joined, is the whole text. */
export interface TokenStream {
  /**
   * Takes the next id.
   * @returns the text that it completes: often its own, '' while a character lacks bytes; never half a character
   */
  push(id: number): string
  /** Takes no more ids. @returns what was held back, with U+FFFD for bytes that no character came of */
  end(): string
}

/**
 * Makes a stream over a decoder. Each id costs the same, however long the text is.
 * @param tokenOf the token of an id; undefined for ids that have no text
 */
export function createTokenStream(decoder: Stage, tokenOf: (id: number) => string | undefined): TokenStream {
  let text = ''
  const sink = decoder({
    write: (piece) => {
      text += piece
    },
    end: () => {},
  })
  const take = () => {
    const taken = text
    text = ''
    return taken
  }
  return {
    push: (id) => {
      const token = tokenOf(id)
      if (token !== undefined) {
        sink.write(token, true)
      }
      return take()
    },
    end: () => {
      sink.end()
      return take()
    },
  }
}
