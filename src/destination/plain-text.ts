/** Controls, the bidirectional overrides that make text read as something else, and halves of characters. */
const UNSAFE = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/**
 * Text of unknown origin, fit to be shown as plain text: line breaks unified, controls and direction overrides taken
 * out, cut at `limit` characters with an ellipsis. Every medium escapes its own markup on top.
 */
export function plainText(text: string, limit: number): string {
  // Far more than can be shown need not be cleaned.
  const clean = text
    .slice(0, 4 * limit)
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, "\n")
    .replace(UNSAFE, "");
  if (clean.length <= limit) return clean;
  // A pair of surrogates must not be cut in two.
  const end = /[\ud800-\udbff]/.test(clean.charAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${clean.slice(0, end)}…`;
}

/** The same on one line, for titles, subjects and reasons. */
export function excerptOf(text: string, limit: number): string {
  return plainText(
    text
      .slice(0, 4 * limit)
      .replace(/\s+/g, " ")
      .trim(),
    limit,
  ).replace(/\s+/g, " ");
}
