import type { FollowedPattern, WindowObservation } from "../model/issue.ts";
import { matchesPattern, matchesPredicate } from "../model/pattern.ts";
import type { FeatureRow, Predicate } from "../model/pattern.ts";

/** Whether a predicate describes the circumstances of a run (a condition) rather than what went wrong in it (a symptom). */
export type ConditionTest = (predicate: Predicate) => boolean;

const CIRCUMSTANCE = /^(tag:|metadata\.)|(^|\.)(model|prompt_version|input_chars|prompt_tokens)$/;
const SYMPTOM_NAME = /(^|\.)(error_kind|last_span|culprit|culprit_kind)$/;

/**
 * The default: model, prompt version, tags, metadata, input size, the presence of a span (`x.count >= 1`) and other text
 * features are conditions; scores, errors, latency, output, order, repeats, high counts and what is missing are symptoms.
 */
function isCondition({ feature, operator, value }: Predicate): boolean {
  if (operator === "missing") return false;
  if (CIRCUMSTANCE.test(feature)) return true;
  if (feature.endsWith(".count")) return operator === ">=" && value === 1;
  return operator === "=" && typeof value === "string" && !SYMPTOM_NAME.test(feature);
}

/**
 * Whether the pattern could have shown on a run: every condition holds, and for every symptom the thing it is about took
 * part. This is what keeps a fix (retrieval runs, its score is no longer low) apart from absence (retrieval no longer runs).
 * A symptom about one span needs that span; one about the whole trace is possible on any run; a feature of your own needs to be there.
 */
export function isExposed(
  features: FeatureRow["features"],
  predicates: readonly Predicate[],
  condition: ConditionTest = isCondition,
): boolean {
  return predicates.every((predicate) => {
    if (condition(predicate)) return matchesPredicate(features, predicate);
    return predicate.operator === "missing" || tookPart(features, predicate.feature);
  });
}

/** Features every trace has, or that only exist when something went wrong. */
const OF_ANY_TRACE = new Set(["error", "error_kind", "last_span", "culprit", "culprit_kind"]);

function tookPart(features: FeatureRow["features"], feature: string): boolean {
  if (OF_ANY_TRACE.has(feature) || present(features, feature)) return true;
  const path = feature.startsWith("order:") ? `${feature.slice("order:".length).split(">", 1)[0] ?? ""}.` : feature;
  // Span keys may hold dots themselves, so every prefix is tried.
  for (let dot = path.indexOf("."); dot !== -1; dot = path.indexOf(".", dot + 1)) {
    if (present(features, `${path.slice(0, dot)}.count`)) return true;
  }
  return false;
}

function present(features: FeatureRow["features"], feature: string): boolean {
  return Object.hasOwn(features, feature) && features[feature] !== null;
}

/** Whether a run shows the issue: it matches its predicates, or those of an issue merged into it. */
export function issueMatches(issue: FollowedPattern, features: FeatureRow["features"]): boolean {
  return [issue.predicates, ...issue.aliases].some((predicates) => matchesPattern(features, predicates));
}

/** Counts the rows of a window for one issue. Rows outside the window are ignored. */
export function observeRows(
  issue: FollowedPattern,
  rows: Iterable<FeatureRow>,
  window: { from: number; to: number },
  condition: ConditionTest = isCondition,
): WindowObservation & { exposed: number } {
  const counts = { ...window, failing: 0, failures: 0, passing: 0, passes: 0, exposed: 0 };
  for (const { at, failed, features } of rows) {
    if (at < window.from || at >= window.to) continue;
    const matches = issueMatches(issue, features);
    counts[failed ? "failures" : "passes"] += 1;
    if (matches) counts[failed ? "failing" : "passing"] += 1;
    const exposed = matches || [issue.predicates, ...issue.aliases].some((set) => isExposed(features, set, condition));
    if (exposed) counts.exposed += 1;
  }
  return counts;
}
