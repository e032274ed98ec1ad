import type { Span, Trace } from "../../model/trace.ts";
import type { VerdictRecord } from "../../store/resource/ledger.ts";

/** The scores a trace is judged with, under the keys the loop reads; spans without any are left out. */
export function seenScores({ spans }: Trace, keys: readonly string[]): NonNullable<VerdictRecord["seenScores"]> {
  const read = ({ scores }: Span): [string, number][] =>
    scores.flatMap(({ key, score }) => (score !== null && keys.includes(key) ? [[key, score]] : []));
  return Object.fromEntries(
    spans.flatMap((span) => {
      const scores = read(span);
      return scores.length === 0 ? [] : [[span.id, Object.fromEntries(scores)]];
    }),
  );
}
