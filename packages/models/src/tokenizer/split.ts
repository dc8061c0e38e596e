/** What becomes of the matches when a text is split: see {@link splitBy}. */
export const SPLIT_BEHAVIORS = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const
type SplitBehavior = (typeof SPLIT_BEHAVIORS)[number]

/** How to split: a global regular expression with the flag u, and the behaviour. */
export interface SplitRule {
  readonly pattern: RegExp
  readonly behavior: SplitBehavior
  /** Whether what lies between the matches is the delimiter, instead of the matches. */
  readonly invert: boolean
}

/** A stretch of the text, in UTF-16 units. */
interface Span {
  start: number
  end: number
  readonly isDelimiter: boolean
}

/**
 * Splits a text at delimiters, as `NormalizedString::split` of the Rust library does
 * (huggingface/tokenizers, `tokenizer/normalizer.rs`). With `-` as delimiter, `a--b` becomes
 *
 * | Removed | Isolated | MergedWithPrevious | MergedWithNext | Contiguous |
 * |---|---|---|---|---|
 * | `a` `b` | `a` `-` `-` `b` | `a-` `-` `b` | `a` `-` `-b` | `a` `--` `b` |
 *
 * @returns the pieces in order; none is empty
 */
export function splitBy(text: string, { pattern, behavior, invert }: SplitRule): string[] {
  const spans = findSpans(text, pattern, invert)
  return arrange(spans, behavior)
    .map(({ start, end }) => text.slice(start, end))
    .filter((piece) => piece !== '')
}

/** Spans that cover the whole text without a gap. An empty match makes an empty span, as in Rust. */
function findSpans(text: string, pattern: RegExp, invert: boolean): Span[] {
  const spans: Span[] = []
  let end = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) {
      spans.push({ start: end, end: match.index, isDelimiter: invert })
    }
    end = match.index + match[0].length
    spans.push({ start: match.index, end, isDelimiter: !invert })
  }
  if (end < text.length) {
    spans.push({ start: end, end: text.length, isDelimiter: invert })
  }
  return spans
}

function arrange(spans: readonly Span[], behavior: SplitBehavior): readonly Span[] {
  switch (behavior) {
    case 'Removed':
      return spans.filter((span) => !span.isDelimiter)
    case 'Isolated':
      return spans
    case 'Contiguous':
      return joinSpans(spans, (previous, span) => previous.isDelimiter === span.isDelimiter)
    case 'MergedWithPrevious':
      return joinSpans(spans, (previous, span) => !previous.isDelimiter && span.isDelimiter)
    case 'MergedWithNext':
      return joinSpans(spans, (previous, span) => previous.isDelimiter && !span.isDelimiter)
  }
}

/** Joins each span to its neighbour before it where `joins` says so; it is asked about the original spans. */
function joinSpans(spans: readonly Span[], joins: (previous: Span, span: Span) => boolean): Span[] {
  const joined: Span[] = []
  spans.forEach((span, index) => {
    const last = joined.at(-1)
    if (last !== undefined && joins(spans[index - 1]!, span)) {
      last.end = span.end
    } else {
      joined.push({ ...span })
    }
  })
  return joined
}
