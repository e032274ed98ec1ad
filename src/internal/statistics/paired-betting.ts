import { normalDensity, normalQuantile } from "./normal.ts";

export interface BettingOptions {
  /** Chance of ever reaching `1 / alpha` when the null is true. */
  alpha: number;
  /**
   * How many pairs are planned, fixed before the first one is seen. Half of the stake then aims at the plan's end, which
   * keeps nearly the power of a test with a fixed sample. Absent: an open-ended test.
   */
  planned?: number;
  /** The null says that the mean difference is at most this; above -1 and below 1. @default 0 */
  nullMean?: number;
}

/** Bets against "the mean difference is at most `nullMean`", one paired difference after the other. */
export interface BettingTest {
  /** One difference, from -1 to 1; ties are 0. */
  observe(difference: number): void;
  /** Current stake per unit laid down: the e-value. */
  readonly eValue: number;
  /** The highest e-value so far; `1 / peak` is a p-value that stays valid however often it is looked at. */
  readonly peak: number;
  /** Differences seen. */
  readonly count: number;
}

/** An e-value is reported up to here, since JSON has no infinity. */
const HIGHEST = 1e300;
/** Share of pairs that differ, assumed until pairs are seen. Shapes the bets, never their validity. */
const ASSUMED_DISCORDANCE = 0.3;
const STRATEGIES = 6;

/**
 * A sequential test by betting (Waudby-Smith & Ramdas, JRSS-B 2024; Shafer, JRSS-A 2021). Each difference d pays
 * `1 + lambda x` with `x = (d - m) / (1 + m) >= -1` and a stake share `0 <= lambda <= 1` chosen before d is seen. Under
 * the null the expected payment is at most 1, so by Ville's inequality the stake ever reaches `1 / alpha` with
 * probability at most alpha, wherever one stops. Pairs that agree pay 1 at m = 0: the bet is on discordant pairs.
 *
 * The stake is split in two. One half is spread over fixed shares (a mixture, which wins early). With a plan, the
 * other half follows the share that steers a Brownian stake to `goal` by the plan's end with the greatest probability:
 * `lambda = density(z) / (w sqrt(v))`, `z = quantile(w)`, w the stake over its goal, v the squared differences still to
 * come. Both are predictable, so their sum is as valid as each.
 */
export function createBettingTest({ alpha, planned, nullMean = 0 }: BettingOptions): BettingTest {
  const mixture = createMixture(planned);
  const share = aimedShare(planned);
  const aimed = planned === undefined ? undefined : createAimed(1 / alpha / share, planned);
  let peak = 1;
  let count = 0;
  const eValue = (): number => Math.min(HIGHEST, (1 - share) * mixture.stake() + share * (aimed?.stake() ?? 0));
  return {
    observe(difference) {
      const x = payoff(difference, nullMean);
      count += 1;
      mixture.observe(x);
      aimed?.observe(x);
      peak = Math.max(peak, eValue());
    },
    get eValue() {
      return eValue();
    },
    get peak() {
      return peak;
    },
    get count() {
      return count;
    },
  };
}

export interface Interval {
  low: number;
  high: number;
}

export interface IntervalOptions extends Omit<BettingOptions, "nullMean"> {
  /** `nullMean` of the test of the differences whose verdict the lower end is to agree with. @default 0 */
  lowNull?: number;
  /** The same for the test of the negated differences and the upper end. @default 0 */
  highNull?: number;
}

/**
 * A confidence sequence for the mean difference: each side misses with probability at most `alpha`, at every number of
 * pairs at once. Its lower end reaches `lowNull` exactly when `createBettingTest` rejected that null: means below it share
 * the half of the stake that aims at the plan's end, since that half bets against all of them.
 */
export function bettingInterval(
  differences: readonly number[],
  { lowNull = 0, highNull = 0, ...options }: IntervalOptions,
): Interval {
  return {
    low: lowerBound(differences, { ...options, nullMean: lowNull }),
    high: -lowerBound(
      differences.map((difference) => -difference),
      { ...options, nullMean: highNull },
    ),
  };
}

function lowerBound(
  differences: readonly number[],
  { alpha, planned, nullMean }: BettingOptions & { nullMean: number },
): number {
  const share = aimedShare(planned);
  const aimed = planned === undefined ? undefined : createAimed(1 / alpha / share, planned);
  const aimedPath = differences.map((difference) => {
    aimed?.observe(payoff(difference, nullMean));
    return share * (aimed?.stake() ?? 0);
  });
  const rejects = (mean: number): boolean => {
    const mixture = createMixture(planned);
    return differences.some((difference, index) => {
      mixture.observe(payoff(difference, mean));
      return (1 - share) * mixture.stake() + (mean <= nullMean ? (aimedPath[index] ?? 0) : 0) >= 1 / alpha;
    });
  };
  let [low, high] = [-1, 1];
  // At the null the two kinds of bets meet, so it is asked about by name.
  if (rejects(nullMean)) low = nullMean;
  else high = nullMean;
  while (high - low > 1e-4) {
    const middle = (low + high) / 2;
    if (rejects(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The fixed shares the mixture is spread over, smallest first: from what could just be found by the plan's end upward,
 * and a third of that, for an experiment that is extended.
 */
export function bettingShares(planned = 1000): number[] {
  const smallest = Math.min(0.5, 1.2 / Math.sqrt(ASSUMED_DISCORDANCE * Math.max(1, planned)));
  const step = (0.8 / smallest) ** (1 / (STRATEGIES - 1));
  return [smallest / 3, ...Array.from({ length: STRATEGIES }, (_, index) => smallest * step ** index)];
}

/** The difference as a bet's payoff: -1 is a lost bet, and the null makes its mean at most 0. */
export function payoff(difference: number, nullMean: number): number {
  return (difference - nullMean) / (1 + nullMean);
}

function aimedShare(planned: number | undefined): number {
  return planned === undefined ? 0 : 0.5;
}

interface Stake {
  observe(x: number): void;
  stake(): number;
}

function createMixture(planned: number | undefined): Stake {
  const shares = bettingShares(planned);
  const logs = new Float64Array(shares.length);
  return {
    observe(x) {
      if (x === 0) return;
      shares.forEach((share, index) => {
        logs[index] = (logs[index] ?? 0) + Math.log1p(share * x);
      });
    },
    stake: () => Math.min(HIGHEST, logs.reduce((sum, log) => sum + Math.exp(log), 0) / logs.length),
  };
}

function createAimed(goal: number, planned: number): Stake {
  let stake = 1;
  let seen = 0;
  let squares = 0;
  return {
    observe(x) {
      const left = planned - seen;
      const perPair = (squares + 2 * ASSUMED_DISCORDANCE) / (seen + 2);
      const reached = stake / goal;
      if (left > 0 && reached > 1e-9 && reached < 1) {
        const wish = normalDensity(normalQuantile(reached)) / (reached * Math.sqrt(left * perPair));
        // More than the goal is worth nothing to this half.
        stake *= 1 + Math.min(wish, 1, 1 / reached - 1) * x;
      }
      seen += 1;
      squares += x * x;
    },
    stake: () => stake,
  };
}
