/** One judge's opinion. */
export interface Vote {
  score: number;
  label?: string;
  reasoning: string;
  injection: boolean;
}

export interface Poll {
  score: number;
  label?: string;
  /** Of the vote nearest to the outcome. */
  reasoning: string;
  /** Share of the votes that agree with the outcome (labels), or 1 minus the spread in units of the scale (numbers). */
  agreement: number;
}

/**
 * One outcome from several votes: the majority for labels and yes/no (a tie goes to the lower score, since a failure
 * overlooked costs more than one looked at in vain), the median for numbers.
 */
export function countVotes(votes: readonly Vote[], numeric: boolean, [low, high]: readonly [number, number]): Poll {
  const sorted = [...votes].sort((a, b) => a.score - b.score);
  const outcome = numeric ? median(sorted) : majority(sorted);
  const nearest = sorted.reduce((best, vote) =>
    Math.abs(vote.score - outcome) < Math.abs(best.score - outcome) ? vote : best,
  );
  const spread = ((sorted.at(-1)?.score ?? 0) - (sorted[0]?.score ?? 0)) / (high - low);
  const same = sorted.filter((vote) => vote.score === outcome).length / sorted.length;
  return {
    score: outcome,
    ...(nearest.label !== undefined && { label: nearest.label }),
    reasoning: nearest.reasoning,
    agreement: numeric ? 1 - spread : same,
  };
}

function median(sorted: readonly Vote[]): number {
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, vote) => sum + vote.score, 0) / middle.length;
}

function majority(sorted: readonly Vote[]): number {
  const counts = new Map<number, number>();
  for (const { score } of sorted) counts.set(score, (counts.get(score) ?? 0) + 1);
  // Sorted by score, so the first of equal counts is the lowest.
  const [winner] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best));
  return winner;
}
