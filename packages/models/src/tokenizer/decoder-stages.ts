import { CHAR_TO_BYTE } from './byte-alphabet.ts'

/**
 * Takes a list of strings piece by piece: a token of the model, or what an earlier stage made of it, may
 * come in several writes.
 */
interface Sink {
  /** Takes the next piece; `endsToken` says that the next write begins another string of the list. */
  write(text: string, endsToken: boolean): void
  /** Says that the list is complete. */
  end(): void
}

/**
 * One decoder, made incremental: what it is given piece by piece it hands on, changed, to `next`, as soon
 * as no later piece can alter it. The list that `next` has seen at the end equals the one that
 * `Decoder::decode_chain` of the Rust library returns (huggingface/tokenizers, `decoders/`).
 */
export type Stage = (next: Sink) => Sink

/** Joins all strings into one. */
export function fuse(): Stage {
  return (next) => ({
    write: (text) => next.write(text, false),
    end: () => {
      next.write('', true)
      next.end()
    },
  })
}

/** Joins the strings with a space between them: what the Rust library does where there is no decoder. */
export function joinWithSpaces(): Stage {
  return (next) => {
    let separator = ''
    return {
      write: (text, endsToken) => {
        next.write(separator + text, false)
        separator = endsToken ? ' ' : ''
      },
      end: () => {
        next.write('', true)
        next.end()
      },
    }
  }
}

/**
 * Reads the byte alphabet and decodes UTF-8; the result is one string. A string with any other character in
 * it, an added token say, stands for its own UTF-8 bytes. A character is handed on when its last byte is
 * there; bytes that can no longer become one are U+FFFD.
 */
export function byteLevel(): Stage {
  return (next) => {
    const encoder = new TextEncoder()
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    return wholeTokens({
      write: (token) => {
        const bytes = bytesOf(token) ?? encoder.encode(token)
        next.write(decoder.decode(bytes, { stream: true }), false)
      },
      end: () => {
        next.write(decoder.decode(), true)
        next.end()
      },
    })
  }
}

/**
 * Decodes runs of byte tokens (`<0xE2>`) as UTF-8. A run that is not valid as a whole is one U+FFFD for each
 * byte, so nothing of it can be handed on before the run is over.
 */
export function byteFallback(): Stage {
  return (next) => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    let run: number[] = []
    const endRun = () => {
      if (run.length > 0) {
        next.write(decodeRun(decoder, run), true)
        run = []
      }
    }
    return wholeTokens({
      write: (token) => {
        const byte = /^<0x([0-9a-f]{2})>$/i.exec(token)
        if (byte !== null) {
          run.push(Number.parseInt(byte[1]!, 16))
        } else {
          endRun()
          next.write(token, true)
        }
      },
      end: () => {
        endRun()
        next.end()
      },
    })
  }
}

/**
 * Writes the replacement (`▁`) as a space, and in the first string leaves it out.
 * @param stripsFirst false for the scheme 'never': then the first string is like the others
 */
export function metaspace(replacement: string, stripsFirst: boolean): Stage {
  return (next) => {
    let isFirst = stripsFirst
    return {
      write: (text, endsToken) => {
        next.write(text.replaceAll(replacement, isFirst ? '' : ' '), endsToken)
        isFirst &&= !endsToken
      },
      end: () => next.end(),
    }
  }
}

/** Replaces every match of `pattern` in each string; `content` is literal. */
export function replace(pattern: RegExp, content: string): Stage {
  return (next) =>
    wholeTokens({
      write: (token) =>
        next.write(
          token.replaceAll(pattern, () => content),
          true,
        ),
      end: () => next.end(),
    })
}

/**
 * Cuts up to `start` characters equal to `content` from the front of each string, and up to `stop` from its
 * end. (Where both would cut the same character the Rust library panics; here it is cut once.)
 */
export function strip(content: string, start: number, stop: number): Stage {
  return (next) => (stop === 0 ? stripFront(next, content, start) : stripBoth(next, content, start, stop))
}

/** Front only: hands the string on piece by piece, which matters after {@link fuse}. */
function stripFront(next: Sink, content: string, start: number): Sink {
  let left = start
  return {
    write: (text, endsToken) => {
      const cut = countFront([...text], content, left)
      const rest = text.slice(cut * content.length)
      left = endsToken ? start : rest === '' ? left - cut : 0
      next.write(rest, endsToken)
    },
    end: () => next.end(),
  }
}

function stripBoth(next: Sink, content: string, start: number, stop: number): Sink {
  return wholeTokens({
    write: (token) => {
      const chars = [...token]
      const rest = chars.slice(countFront(chars, content, start)).reverse()
      next.write(
        rest
          .slice(countFront(rest, content, stop))
          .reverse()
          .join(''),
        true,
      )
    },
    end: () => next.end(),
  })
}

/** How many of the first `limit` characters equal `content` without a gap. */
function countFront(chars: readonly string[], content: string, limit: number): number {
  const different = chars.findIndex((char, i) => i >= limit || char !== content)
  return different === -1 ? chars.length : different
}

/** Collects pieces until a string is complete, for stages that must see it whole. */
function wholeTokens(next: { write: (token: string) => void; end: () => void }): Sink {
  let pieces: string[] = []
  return {
    write: (text, endsToken) => {
      pieces.push(text)
      if (endsToken) {
        const token = pieces.join('')
        pieces = []
        next.write(token)
      }
    },
    end: () => next.end(),
  }
}

function bytesOf(token: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(token.length)
  for (let i = 0; i < token.length; i++) {
    const byte = CHAR_TO_BYTE.get(token[i]!)
    if (byte === undefined) {
      return undefined
    }
    bytes[i] = byte
  }
  return bytes
}

function decodeRun(decoder: TextDecoder, run: readonly number[]): string {
  try {
    return decoder.decode(Uint8Array.from(run))
  } catch {
    return '\ufffd'.repeat(run.length)
  }
}
