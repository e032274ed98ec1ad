import type { JudgeError } from "../../model/judge-error.ts";
import type { Pattern, PatternReport, Predicate } from "../../model/pattern.ts";
import type { Codebook } from "../codebook.ts";
import { correctRisk } from "../correct-risk.ts";
import { canonicalPredicates, patternId } from "../pattern-id.ts";
import { patternSentence } from "../sentence.ts";
import type { Candidate } from "./candidate.ts";
import { askDescriptions, askResidual } from "./count-request.ts";
import type { Asking, Description } from "./count-request.ts";
import { search } from "./search.ts";
import type { Found, SearchOptions } from "./search.ts";
import { selectPatterns } from "./select-patterns.ts";

export interface ReportOptions extends SearchOptions {
  window: { from: number; to: number };
  /** Patterns to show at most. */
  limit: number;
  /** Exemplar traces per pattern. */
  exemplars: number;
  judge?: JudgeError;
}

/** Conditions that hold for more of all runs than this are not worth listing as "always also true". */
const COMMONPLACE = 0.9;
const MAX_ALSO = 5;

/** Search, selection and description in one computation. */
export function* report(codebook: Codebook, options: ReportOptions): Asking<PatternReport> {
  const found = yield* search(codebook, options);
  const shown = yield* selectPatterns(found, codebook, options.limit, options.alpha);
  const descriptions = yield* askDescriptions(
    shown.map((candidate) => candidate.items),
    options.exemplars,
  );
  const unexplained = yield* askResidual(
    shown.map((candidate) => candidate.items),
    [],
  );
  const { failures, passes } = found.totals;
  return {
    window: options.window,
    failures,
    passes,
    patterns: shown.map((candidate, index) =>
      patternOf(candidate, descriptions[index] as Description, found, codebook, options.judge),
    ),
    hypotheses: found.budgets.reduce((sum, budget) => sum + budget.hypotheses, 0),
    explained: failures === 0 ? 0 : 1 - unexplained.failures / failures,
    dropped: [...codebook.dropped, ...found.dropped],
  };
}

function patternOf(
  candidate: Candidate,
  description: Description,
  found: Found,
  codebook: Codebook,
  judge: JudgeError | undefined,
): Pattern {
  const { failing, failures, passing, passes, p, q, risk } = candidate;
  const predicates = canonicalPredicates(candidate.items.map((item) => codebook.items[item] as Predicate));
  const shares = { share: failing / failures, passingShare: passes === 0 ? 0 : passing / passes };
  const corrected = judge && correctRisk(candidate, judge);
  return {
    id: patternId(predicates),
    predicates,
    sentence: patternSentence({ predicates, ...shares, riskRatio: risk.ratio, q }),
    failing,
    failures,
    passing,
    passes,
    ...shares,
    riskRatio: risk.ratio,
    riskRatioInterval: [risk.low, risk.high],
    p,
    q,
    exemplars: description.exemplars,
    also: alwaysAlso(candidate, description, found, codebook),
    culprits: sharesOf(description.culprits, failing),
    reasons: sharesOf(description.reasons, failing),
    ...(candidate.designEffect > 1 && { designEffect: candidate.designEffect }),
    ...(corrected && {
      judgeCorrected: { riskRatio: corrected.ratio, riskRatioInterval: [corrected.low, corrected.high] },
    }),
  };
}

/** Most frequent first. */
function sharesOf(tally: ReadonlyMap<string, number>, failing: number): { name: string; share: number }[] {
  return [...tally]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .map(([name, count]) => ({ name, share: count / failing }));
}

/** The failing-side closure: what else holds for every matching failing run, tightest condition of each feature, rarest first. */
function alwaysAlso(
  candidate: Candidate,
  description: Description,
  { totals, vocabulary }: Found,
  { items, attributeOf }: Codebook,
): Predicate[] {
  const runs = totals.failures + totals.passes;
  const prevalence = (item: number): number => ((totals.failing[item] ?? 0) + (totals.passing[item] ?? 0)) / runs;
  const taken = new Set(candidate.items.map((item) => attributeOf[item]));
  const always = new Set(description.always);
  const closure = vocabulary.items
    .filter((item) => always.has(item) && prevalence(item) <= COMMONPLACE)
    .sort((a, b) => prevalence(a) - prevalence(b) || a - b);
  const also: Predicate[] = [];
  for (const item of closure) {
    const predicate = items[item];
    if (predicate === undefined || taken.has(attributeOf[item]) || also.length === MAX_ALSO) continue;
    taken.add(attributeOf[item]);
    also.push(predicate);
  }
  return also;
}
