import { stem, wordsOf } from "../internal/text/words.ts";
import { plainWords, termsOf } from "./text-vectors.ts";

/** Evidence that a word belongs to a cluster must be this strong, in standard deviations. */
const MIN_Z = 1;
/** Words' worth of prior. */
const PRIOR = 3;

/**
 * The words that set each group of texts apart from the other groups and from `contrast`, most telling first, in the
 * form they are most often written: log odds ratios with an informative prior, in standard deviations (Monroe, Colaresi
 * and Quinn, "Fightin' Words", Political Analysis 2008).
 */
export function tellingTerms(
  groups: readonly (readonly string[])[],
  contrast: readonly string[] = [],
  most = 8,
): string[][] {
  const spelling = spellings([...groups.flat(), ...contrast]);
  const counts = groups.map(countTerms);
  const rest = countTerms(contrast);
  const all = new Map(rest.counts);
  for (const group of counts) for (const [term, count] of group.counts) all.set(term, (all.get(term) ?? 0) + count);
  const total = rest.total + counts.reduce((sum, group) => sum + group.total, 0);
  return counts.map((group) => {
    const scored = [...group.counts].map(([term, count]) => {
      // The prior is the whole collection, scaled to a few words, so that rare words need more than one appearance to tell.
      const prior = (PRIOR * (all.get(term) ?? 0)) / total;
      const outside = (all.get(term) ?? 0) - count;
      const inside = Math.log((count + prior) / (group.total + PRIOR - count - prior));
      const beside = Math.log((outside + prior) / (total - group.total + PRIOR - outside - prior));
      return { term, z: (inside - beside) / Math.sqrt(1 / (count + prior) + 1 / (outside + prior)) };
    });
    const telling = scored.filter(({ z }) => z >= MIN_Z).sort((a, b) => b.z - a.z || (a.term < b.term ? -1 : 1));
    return telling.slice(0, most).map(({ term }) => spelling.get(term) ?? term);
  });
}

function countTerms(texts: readonly string[]): { counts: Map<string, number>; total: number } {
  const counts = new Map<string, number>();
  let total = 0;
  // Once per text: a reason that repeats a word does not make it more telling.
  for (const text of texts)
    for (const term of new Set(termsOf(text))) {
      counts.set(term, (counts.get(term) ?? 0) + 1);
      total++;
    }
  return { counts, total };
}

/** The commonest written form of each stem. */
function spellings(texts: readonly string[]): Map<string, string> {
  const forms = new Map<string, Map<string, number>>();
  for (const text of texts)
    for (const word of wordsOf(plainWords(text))) {
      const counts = forms.get(stem(word)) ?? new Map<string, number>();
      counts.set(word, (counts.get(word) ?? 0) + 1);
      forms.set(stem(word), counts);
    }
  return new Map(
    [...forms].map(([base, counts]) => [
      base,
      [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? base,
    ]),
  );
}
