import { LoopsmithError } from "../model/errors.ts";
import type { FeatureValue, Predicate } from "../model/pattern.ts";

const MISSING = " missing";

/**
 * A condition as people write it: `metadata.tier=beta`, `retrieval.relevance<0.5`, `tool:search.count>=2`,
 * `feedback.thumb missing`. `=` takes numbers, `true` and `false` for what they are; quotes make them text.
 *
 * @throws LoopsmithError `invalid`
 */
export function parsePredicate(text: string): Predicate {
  const trimmed = text.trim();
  if (trimmed.endsWith(MISSING) && trimmed.length > MISSING.length) {
    return { feature: trimmed.slice(0, -MISSING.length).trim(), operator: "missing", value: null };
  }
  const [, feature = "", operator = "", written = ""] = /^(.+?)\s*(>=|<|=)\s*(.+)$/s.exec(trimmed) ?? [];
  const value = valueOf(written);
  if (feature !== "" && operator === "=") return { feature, operator, value };
  if (feature !== "" && (operator === "<" || operator === ">=") && typeof value === "number") {
    return { feature, operator, value };
  }
  throw new LoopsmithError("invalid", `"${text}" is no condition`, {
    hint: 'Write feature=value, feature<number, feature>=number, or "feature missing", for example metadata.tier=beta.',
  });
}

function valueOf(written: string): FeatureValue {
  try {
    const value: unknown = JSON.parse(written);
    if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") return value;
  } catch {
    // Not quoted: it is the text itself.
  }
  return written;
}
