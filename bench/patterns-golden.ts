import { existsSync, readFileSync } from "node:fs";
import type { FeatureRow } from "../src/model/pattern.ts";
import { buildTable } from "../src/pattern/bit-table.ts";
import { buildCodebook } from "../src/pattern/codebook.ts";
import { createKernel } from "../src/pattern/kernel/create-kernel.ts";
import { answerRequest } from "../src/pattern/mine/answer-request.ts";
import type { Itemset, Residual } from "../src/pattern/mine/count-request.ts";

/** DivExplorer's published table: false-positive-rate divergence on COMPAS, minimum support 0.1. */
const PUBLISHED: readonly { items: Record<string, string>; support: number; divergence: number; t: number }[] = [
  {
    items: { age: "25-45", "#prior": ">3", race: "Afr-Am", sex: "Male" },
    support: 0.128645,
    divergence: 0.219722,
    t: 7.116857,
  },
  { items: { age: "25-45", "#prior": ">3", race: "Afr-Am" }, support: 0.14501, divergence: 0.210928, t: 7.44826 },
  {
    items: { age: "25-45", charge: "F", "#prior": ">3", race: "Afr-Am" },
    support: 0.109527,
    divergence: 0.201841,
    t: 6.201585,
  },
  {
    items: { charge: "F", sex: "Male", race: "Afr-Am", "#prior": ">3" },
    support: 0.130752,
    divergence: 0.180408,
    t: 6.132988,
  },
  { items: { sex: "Male", race: "Afr-Am", "#prior": ">3" }, support: 0.175308, divergence: 0.178557, t: 7.214382 },
];

export interface GoldenResult {
  /** Largest difference from a published support, divergence or t, relative for t; `null` without the data. */
  maxError: number | null;
  /** Frequent itemsets of any size counted by our bitmaps. */
  itemsets: number;
  /** Whether the published first one has the largest divergence of all. */
  firstIsFirst: boolean;
  skipped?: string;
}

/** Counts COMPAS with the miner's bitmaps: among people who did not reoffend, a positive prediction is the failure. */
export function measureGolden(file: string): GoldenResult {
  if (!existsSync(file)) return { maxError: null, itemsets: 0, firstIsFirst: false, skipped: `${file} is not there` };
  const [head = "", ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const names = head.trim().split(",");
  const cellsOf = (line: string): string[] => line.trim().match(/"[^"]*"|[^,]+/g) ?? [];
  const people = lines.map((line) => Object.fromEntries(cellsOf(line).map((cell, at) => [names[at] ?? "", cell])));
  const rowOf = (person: Record<string, string>, at: number): FeatureRow => {
    const { class: _class, predicted, ...features } = person;
    return { traceId: String(at), at, failed: predicted === "1", features };
  };
  const all = people.map(rowOf);
  const codebook = buildCodebook(all, { minRows: 1 });
  const kernel = createKernel();
  const negatives = buildTable(
    codebook,
    all.filter((_, at) => people[at]?.["class"] === "0"),
  );
  const everyone = buildTable(codebook, all);
  const statistics = (itemsets: readonly Itemset[]): { support: number; divergence: number; t: number }[] => {
    const request = { kind: "residual", shown: [], candidates: itemsets } as const;
    const among = answerRequest(kernel, negatives, request) as Residual;
    const whole = answerRequest(kernel, everyone, request) as Residual;
    const overall = posterior(among.failures, among.passes);
    return itemsets.map((_, at) => {
      const [falsePositives, trueNegatives] = [among.failing[at] ?? 0, among.passing[at] ?? 0];
      const own = posterior(falsePositives, trueNegatives);
      return {
        support: ((whole.failing[at] ?? 0) + (whole.passing[at] ?? 0)) / all.length,
        divergence:
          falsePositives / (falsePositives + trueNegatives) - among.failures / (among.failures + among.passes),
        t: Math.abs(own.mean - overall.mean) / Math.sqrt(own.variance + overall.variance),
      };
    });
  };

  const itemOf = (feature: string, value: string): number =>
    codebook.items.findIndex((item) => item.feature === feature && item.value === value);
  const published = statistics(PUBLISHED.map(({ items }) => Object.entries(items).map(([f, v]) => itemOf(f, v))));
  const errors = PUBLISHED.flatMap(({ support, divergence, t }, at) => {
    const ours = published[at] ?? { support: Number.NaN, divergence: Number.NaN, t: Number.NaN };
    return [Math.abs(ours.support - support), Math.abs(ours.divergence - divergence), Math.abs(ours.t - t)];
  });

  const items = codebook.items.map((_, item) => item);
  let [level, count, largest]: [Itemset[], number, number] = [items.map((item) => [item]), 0, -1];
  while (level.length > 0) {
    const found = statistics(level);
    const frequent = level.filter((_, at) => (found[at]?.support ?? 0) >= 0.1);
    count += frequent.length;
    largest = Math.max(largest, ...found.filter(({ support }) => support >= 0.1).map(({ divergence }) => divergence));
    level = frequent.flatMap((itemset) =>
      items
        .filter((item) => item > (itemset.at(-1) ?? 0))
        .filter((item) => itemset.every((one) => codebook.attributeOf[one] !== codebook.attributeOf[item]))
        .map((item) => [...itemset, item]),
    );
  }
  return { maxError: Math.max(...errors), itemsets: count, firstIsFirst: published[0]?.divergence === largest };
}

/** Mean and variance of a rate under a uniform prior, as DivExplorer's t uses them. */
function posterior(positive: number, negative: number): { mean: number; variance: number } {
  const [a, b] = [positive + 1, negative + 1];
  return { mean: a / (a + b), variance: (a * b) / ((a + b) ** 2 * (a + b + 1)) };
}
