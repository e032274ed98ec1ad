import type { JsonObject } from "../model/json.ts";
import type { FeatureRow, FeatureValue, Predicate } from "../model/pattern.ts";
import { roundCuts } from "./round-cuts.ts";

export interface CodebookOptions {
  /**
   * Cut points per numeric feature, at label-blind quantiles, and the outer 2% at both ends from 7 on.
   * @default a quarter of the root of the number of rows, from 3 (up to 200 rows) to 15 (from 3,600 on), since each cut is a
   * hypothesis to pay for
   */
  maxCuts?: number;
  /** Values per categorical feature, the most frequent ones. The rest stays unmatched and is reported. @default 32 */
  maxValues?: number;
  /** Runs a value must occur in to become a predicate. @default 5 */
  minRows?: number;
  /** Extra cut points by feature, or by score key for every feature that ends in it, e.g. `{ relevance: 0.5 }`. */
  passMarks?: Readonly<Record<string, number>>;
  /** Features to leave out altogether. */
  exclude?: readonly string[];
  /** Rows to look at, at most about this many, chosen by a hash of the trace id. @default 20_000 */
  sampleRows?: number;
}

/** One feature and the conditions that can be put on it. Items of one attribute are numbered in a row from `firstItem`. */
export interface Attribute {
  feature: string;
  /** Ascending. Cut i is the items `< cut` (`firstItem + 2i`) and `>= cut` (`firstItem + 2i + 1`). */
  cuts: readonly number[];
  /** Categorical values, each one item, after the cuts. */
  values: readonly (string | boolean)[];
  /** Whether "missing" is an item, the last one. */
  missing: boolean;
  firstItem: number;
}

/** The vocabulary of a mining run: every predicate that can appear, numbered. Built without looking at who failed. */
export interface Codebook {
  attributes: readonly Attribute[];
  /** Item number to predicate. */
  items: readonly Predicate[];
  /** Item number to index in `attributes`. */
  attributeOf: readonly number[];
  /** What the limits left out, in words. */
  dropped: readonly string[];
}

/** Known only of failing runs: describes patterns, is never tested. */
const DESCRIPTIVE_FEATURES: readonly string[] = ["culprit", "culprit_kind", "reason"];

interface Column {
  numbers: number[];
  values: Map<string | boolean, number>;
}

/** Collects the features of `rows` into a vocabulary. The same rows, in any order, give the same codebook. */
export function buildCodebook(
  all: readonly Pick<FeatureRow, "traceId" | "features">[],
  options: CodebookOptions = {},
): Codebook {
  const affordable = Math.min(15, Math.max(3, Math.round(Math.sqrt(all.length) / 4)));
  const {
    maxCuts = affordable,
    maxValues = 32,
    minRows = 5,
    passMarks = {},
    exclude = [],
    sampleRows = 20_000,
  } = options;
  const every = Math.max(1, Math.ceil(all.length / sampleRows));
  const rows = every === 1 ? all : all.filter(({ traceId }) => hash(traceId) % every === 0);
  const skipped = new Set([...DESCRIPTIVE_FEATURES, ...exclude]);
  const columns = new Map<string, Column>();
  for (const { features } of rows) {
    for (const [feature, value] of Object.entries(features))
      if (!skipped.has(feature)) collect(columns, feature, value);
  }
  const dropped: string[] = [];
  const attributes: Omit<Attribute, "firstItem">[] = [];
  for (const [feature, column] of [...columns].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const numbers = Float64Array.from(column.numbers).sort();
    const mark = passMarkFor(feature, passMarks);
    const known = numbers.length + [...column.values.values()].reduce((sum, count) => sum + count, 0);
    const missing = rows.length - known;
    const cuts = numbers.length >= minRows ? cutsFor(numbers, maxCuts, mark, missing > 0) : [];
    const frequent = [...column.values].filter(([, count]) => count >= minRows).sort(byCount);
    const values = frequent.slice(0, maxValues).map(([value]) => value);
    if (frequent.length > values.length) {
      dropped.push(
        `${frequent.length - values.length} of ${frequent.length} values of ${feature} (limit ${maxValues})`,
      );
    } else if (values.length === 0 && cuts.length === 0 && column.values.size > 1) {
      dropped.push(`${feature}: ${column.values.size} different values, none in ${minRows} runs`);
    }
    attributes.push({ feature, cuts, values, missing: missing >= minRows });
  }
  return numberItems(attributes, dropped);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  // FNV's low bits mix poorly; fold the high ones in before they are reduced.
  return (value ^ (value >>> 15)) >>> 0;
}

function collect(columns: Map<string, Column>, feature: string, value: FeatureValue): void {
  if (value === null || (typeof value === "number" && !Number.isFinite(value))) return;
  let column = columns.get(feature);
  if (column === undefined) columns.set(feature, (column = { numbers: [], values: new Map() }));
  if (typeof value === "number") column.numbers.push(value);
  else column.values.set(value, (column.values.get(value) ?? 0) + 1);
}

function cutsFor(sorted: Float64Array, maxCuts: number, mark: number | undefined, withMissing: boolean): number[] {
  const cuts = new Set(roundCuts(sorted, maxCuts));
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  if (mark !== undefined && mark > least && mark <= most) cuts.add(mark);
  // "At least the least" is how to say that a count or score is there at all.
  if (withMissing && cuts.size < maxCuts && Number.isInteger(least)) cuts.add(least);
  return [...cuts].sort((a, b) => a - b);
}

function passMarkFor(feature: string, passMarks: Readonly<Record<string, number>>): number | undefined {
  if (Object.hasOwn(passMarks, feature)) return passMarks[feature];
  const key = Object.keys(passMarks).find((key) => feature.endsWith(`.${key}`));
  return key === undefined ? undefined : passMarks[key];
}

function byCount([a, countA]: [string | boolean, number], [b, countB]: [string | boolean, number]): number {
  return countB - countA || (String(a) < String(b) ? -1 : 1);
}

function numberItems(attributes: readonly Omit<Attribute, "firstItem">[], dropped: readonly string[]): Codebook {
  const items: Predicate[] = [];
  const attributeOf: number[] = [];
  const numbered = attributes.map((attribute, index): Attribute => {
    const firstItem = items.length;
    const { feature } = attribute;
    for (const value of attribute.cuts) {
      items.push({ feature, operator: "<", value }, { feature, operator: ">=", value });
    }
    for (const value of attribute.values) items.push({ feature, operator: "=", value });
    if (attribute.missing) items.push({ feature, operator: "missing", value: null });
    while (attributeOf.length < items.length) attributeOf.push(index);
    return { ...attribute, firstItem };
  });
  return { attributes: numbered, items, attributeOf, dropped };
}

/** The codebook as JSON, and back. */
export function codebookDocument({ attributes, dropped }: Codebook): JsonObject {
  const plain = attributes.map(({ feature, cuts, values, missing }) => ({ feature, cuts, values, missing }));
  return JSON.parse(JSON.stringify({ attributes: plain, dropped })) as JsonObject;
}

export function readCodebook(document: JsonObject): Codebook {
  const { attributes, dropped } = document as unknown as Pick<Codebook, "attributes" | "dropped">;
  return numberItems(attributes, dropped);
}

/**
 * Whether runs have something to say that the codebook has no word for: a feature, or a value of a category, that at least
 * `share` of them and 5 have in common. Texts that never made it into the codebook are not asked about again.
 */
export function isUnfamiliar(
  { attributes }: Codebook,
  rows: readonly Pick<FeatureRow, "features">[],
  share = 0.02,
): boolean {
  const known = new Map(attributes.map((attribute) => [attribute.feature, attribute]));
  const unknown = new Map<string, number>();
  const enough = Math.max(5, share * rows.length);
  for (const { features } of rows) {
    for (const [feature, value] of Object.entries(features)) {
      if (value === null || DESCRIPTIVE_FEATURES.includes(feature)) continue;
      const attribute = known.get(feature);
      const isNew = attribute
        ? typeof value !== "number" && attribute.values.length > 0 && !attribute.values.includes(value)
        : true;
      if (!isNew) continue;
      const name = attribute ? `${feature} ${String(value)}` : feature;
      const count = (unknown.get(name) ?? 0) + 1;
      if (count >= enough) return true;
      unknown.set(name, count);
    }
  }
  return false;
}

/** Code of a value that no item speaks of. */
export const NO_CODE = 0xffff;

/**
 * A run in the codebook's terms, one code per attribute: how many cuts a number has reached, or past the cuts which value it
 * is, or past the values "missing"; `NO_CODE` for a value outside the vocabulary.
 */
export function encodeRow({ attributes }: Codebook, features: FeatureRow["features"]): Uint16Array {
  const codes = new Uint16Array(attributes.length);
  attributes.forEach(({ feature, cuts, values, missing }, index) => {
    const value = Object.hasOwn(features, feature) ? (features[feature] ?? null) : null;
    if (typeof value === "number" && Number.isFinite(value)) {
      codes[index] = cuts.length === 0 ? NO_CODE : cutsReached(cuts, value);
    } else if (typeof value === "string" || typeof value === "boolean") {
      const at = values.indexOf(value);
      codes[index] = at < 0 ? NO_CODE : cuts.length + 1 + at;
    } else {
      codes[index] = missing ? cuts.length + 1 + values.length : NO_CODE;
    }
  });
  return codes;
}

/** How many of the ascending cuts are at or below the value. */
function cutsReached(cuts: readonly number[], value: number): number {
  let [low, high] = [0, cuts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cuts[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers of the items that hold for an encoded run, ascending. */
export function itemsHeld({ attributes }: Codebook, codes: Uint16Array): number[] {
  return attributes.flatMap(({ cuts, firstItem }, index) => {
    const code = codes[index] ?? NO_CODE;
    if (code === NO_CODE) return [];
    if (code > cuts.length) return [firstItem + cuts.length + code - 1];
    return cuts.map((_, cut) => firstItem + 2 * cut + (cut < code ? 1 : 0));
  });
}
