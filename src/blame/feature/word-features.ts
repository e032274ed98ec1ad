import type { TextProfile } from "./text-profile.ts";

/** What a step's words relate to, how they look, and in which manner it speaks. */
export function wordFeatures(profiles: readonly TextProfile[]) {
  const texts = profiles.map((profile) => profile.text);
  const toPast = profiles.map((profile) => profile.toPast);
  return {
    "to question": profiles.map((profile) => profile.toQuestion),
    "to answer": profiles.map((profile) => profile.toAnswer),
    "to previous": profiles.map((profile) => profile.toPrevious),
    "to past": toPast,
    "to future": profiles.map((profile) => profile.toFuture),
    // After the decisive mistake agents go in circles: how repetitive the few steps before and after it are.
    "circling before": toPast.map((_, i) => mean(toPast.slice(Math.max(1, i - CIRCLE), i))),
    "circling after": toPast.map((_, i) => mean(toPast.slice(i + 1, i + 1 + CIRCLE))),
    novelty: profiles.map((profile) => profile.novelty),
    adopted: profiles.map((profile) => Math.log1p(profile.adopted)),
    "new numbers": profiles.map((profile) => Math.log1p(profile.newNumbers)),
    code: texts.map((text) => (/```|\bdef \w+\(|\bimport \w+|\bSELECT\b/.test(text) ? 1 : 0)),
    list: texts.map((text) => Math.log1p(times(text, /^\s*(?:[-*]|\d+[.)])\s/gm))),
    questions: texts.map((text) => Math.log1p(times(text, /\?/g))),
    digits: texts.map((text) => times(text, /\d/g) / Math.max(1, text.length)),
    ...manners(texts),
  };
}

// --- internal ---

const CIRCLE = 4;

/** Each list is one manner of speaking; none names a topic. English: other languages leave these columns at 0. */
const ASSUMES =
  /\b(assum\w+|suppos\w+|hypothe\w+|simulat\w+|placeholder|mock|example|sample|likely|probably|plausibl\w+|approximat\w+|estimat\w+|typical\w*|generally)\b/gi;
const CONCLUDES =
  /\b(therefore|thus|hence|conclu\w+|confirm\w*|verif\w+|final\w*|answer|correct\w*|accurate\w*|satisfied|complete\w*)\b/gi;
const PLANS = /\b(plan|steps?|first|next|then|will|let's|let us|need to|should|proceed|start)\b/gi;
const FAILS =
  /\b(unable|cannot|can't|couldn't|could not|not found|no results?|failed|unfortunately|not available|unavailable|does not|doesn't|did not|didn't|missing|without)\b/gi;
const CORRECTS =
  /\b(however|instead|alternativ\w+|actually|apologi\w+|sorry|mistake|issue|error|fix|retry|again|different)\b/gi;

/** Uses per hundred words, on a logarithmic scale. */
function manners(texts: readonly string[]) {
  const words = texts.map((text) => Math.max(20, times(text, /\S+/g)));
  const rate = (pattern: RegExp): number[] =>
    texts.map((text, i) => Math.log1p((100 * times(text, pattern)) / words[i]!));
  return {
    assumes: rate(ASSUMES),
    concludes: rate(CONCLUDES),
    plans: rate(PLANS),
    "fails to find": rate(FAILS),
    corrects: rate(CORRECTS),
  };
}

function times(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
