import type { Pattern, Predicate } from "../model/pattern.ts";

/** What a sentence is made of. */
export type SentenceParts = Pick<Pattern, "predicates" | "share" | "passingShare" | "riskRatio" | "q">;

/** `37% of failures have retrieval relevance < 0.5 (9% of passing runs; risk ratio 2.8, q = 0.0004)`. */
export function patternSentence({ predicates, share, passingShare, riskRatio, q }: SentenceParts): string {
  const conditions = predicates.map(predicatePhrase).join(" and ");
  const significance = q < 1e-4 ? "q < 0.0001" : `q = ${Number(q.toPrecision(1))}`;
  return `${percent(share)} of failures have ${conditions} (${percent(passingShare)} of passing runs; risk ratio ${ratio(riskRatio)}, ${significance})`;
}

/** One condition in words, to stand after "have": `retrieval relevance < 0.5`, `no tool:search span`, `plan directly before tool:search`. */
export function predicatePhrase({ feature, operator, value }: Predicate): string {
  const name = readable(feature);
  const absent = operator === "missing" || value === false;
  if (feature.startsWith("order:")) {
    const [before, after] = feature.slice("order:".length).split(">", 2);
    return `${before ?? ""} ${absent ? "never " : ""}directly before ${after ?? ""}`;
  }
  if (feature.endsWith(".count") && (operator === "missing" || (operator === ">=" && value === 1))) {
    const span = feature.slice(0, -".count".length);
    return operator === "missing" ? `no ${span} span` : `a ${span} span`;
  }
  if (operator === "missing") return `no ${name}`;
  if (operator !== "=") return `${name} ${operator} ${number(Number(value))}${unitOf(feature)}`;
  if (typeof value === "boolean") return value ? name : `no ${name}`;
  return `${name} ${typeof value === "number" ? `= ${number(value)}` : `"${value ?? ""}"`}`;
}

/** `retrieval.relevance` to `retrieval relevance`, `tag:beta` to `tag beta`, `latency_ms` to `latency`. */
function readable(feature: string): string {
  const path = feature.startsWith("tag:") ? `tag ${feature.slice("tag:".length)}` : feature;
  return path
    .replace(/_ms$/, "")
    .replace(/_usd$/, "")
    .replaceAll("_", " ")
    .replace(/\.(?=[^.]*$)/, " ");
}

function unitOf(feature: string): string {
  if (feature.endsWith("_ms")) return " ms";
  return feature.endsWith("_usd") ? " USD" : "";
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** Whole percents, and "under 1%" rather than a false zero. */
function percent(share: number): string {
  if (share > 0 && share < 0.01) return "under 1%";
  return `${share < 1 && share > 0.99 ? 99 : Math.round(share * 100)}%`;
}

function ratio(value: number): string {
  return value >= 9.95 ? String(Math.round(value)) : value.toFixed(1);
}
