import { bettingShares, payoff } from "../internal/statistics/paired-betting.ts";

export interface MoreExamplesOptions {
  alpha: number;
  planned: number | undefined;
  /** The e-value so far, which further examples multiply. */
  eValue: number;
  nullMean: number;
  /** The mean difference assumed when those seen do not speak against the null. */
  assumedMean: number;
}

/** 80% of experiments that go on for the number named should be decided by then. */
const POWER_Z = 0.8416;

/**
 * About how many more pairs a betting test needs before it decides, with at least four chances in five, if the difference stays
 * as seen. The ln of the stake then walks with mean g and deviation s per pair at the best fixed share, and must cover
 * `a = ln(2 / alpha) - ln(eValue)` (2, because a test past its plan has only the unaimed half of its stake left):
 * `n g - z s sqrt(n) = a`. `null` where not even the assumed mean would ever decide.
 */
export function moreExamples(differences: readonly number[], options: MoreExamplesOptions): number | null {
  const { alpha, planned, eValue, nullMean, assumedMean } = options;
  const goal = Math.log(2 / alpha) - Math.log(Math.max(eValue, 1e-6));
  if (goal <= 0) return 1;
  const seen = walk(outcomesSeen(differences), nullMean, planned);
  const { growth, deviation } =
    seen.growth > 1e-5 ? seen : walk(outcomesAssumed(differences, assumedMean), nullMean, planned);
  if (growth <= 0) return null;
  const root = (POWER_Z * deviation + Math.sqrt((POWER_Z * deviation) ** 2 + 4 * growth * goal)) / (2 * growth);
  return Math.ceil(root * root);
}

type Outcomes = readonly (readonly [difference: number, chance: number])[];

function outcomesSeen(differences: readonly number[]): Outcomes {
  const counts = new Map<number, number>();
  for (const difference of differences) counts.set(difference, (counts.get(difference) ?? 0) + 1);
  return [...counts].map(([difference, count]) => [difference, count / differences.length]);
}

/** Wins and losses with the wanted mean, disagreeing as often as the pairs seen did. */
function outcomesAssumed(differences: readonly number[], mean: number): Outcomes {
  const disagree = (differences.filter((difference) => difference !== 0).length + 0.6) / (differences.length + 2);
  const share = Math.min(1, Math.max(disagree, Math.abs(mean) * 1.5));
  return [
    [1, (share + mean) / 2],
    [-1, (share - mean) / 2],
    [0, 1 - share],
  ];
}

/** Mean and deviation per pair of the ln of the stake, at the share that grows it fastest. */
function walk(outcomes: Outcomes, nullMean: number, planned?: number): { growth: number; deviation: number } {
  let best = { growth: 0, deviation: 0 };
  for (const share of bettingShares(planned)) {
    let [mean, square] = [0, 0];
    for (const [difference, chance] of outcomes) {
      const gain = Math.log1p(share * payoff(difference, nullMean));
      mean += chance * gain;
      square += chance * gain * gain;
    }
    if (mean > best.growth) best = { growth: mean, deviation: Math.sqrt(Math.max(0, square - mean * mean)) };
  }
  return best;
}
