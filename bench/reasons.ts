/**
 * Clusters failure reasons and compares with known classes.
 * `node --import ./scripts/ts.mjs bench/reasons.ts [--json] [--data <folder>] [--show]`
 *
 * No labels are used by the clustering and nothing is tuned per set. Beside it stand the trivial answers: everything one
 * cluster, everything its own, one cluster for each first word, one for each masked text.
 */
import { agreementOf } from "./reasons-metrics.ts";
import type { Agreement } from "./reasons-metrics.ts";
import { loadReasonSets } from "./reasons-sets.ts";
import type { ReasonSet } from "./reasons-sets.ts";
import { clusterReasons } from "../src/reason/cluster-reasons.ts";
import { maskText } from "../src/reason/mask.ts";
import { TemplateTree } from "../src/reason/template-tree.ts";

interface Row extends Agreement {
  set: string;
  method: string;
  n: number;
  classes: number;
  /** Share of reasons in a cluster of at least two. */
  clustered: number;
}

const folder = process.argv[process.argv.indexOf("--data") + 1];
const sets = loadReasonSets(process.argv.includes("--data") && folder ? folder : "../shared/data");
const rows: Row[] = [];
for (const set of sets) rows.push(...(await measure(set)));

if (process.argv.includes("--json")) {
  console.log(JSON.stringify({ rows }));
} else if (rows.length === 0) {
  console.log(
    "No data found: pass --data <folder> with who-and-when, agentrx-tau-retail or sentinel in it (docs/measured/data.md).",
  );
} else {
  const short = (value: number): string => value.toFixed(3);
  console.table(
    rows.map(({ set, method, n, classes, clusters, ari, vMeasure, purity, clustered }) => ({
      set,
      method,
      n,
      classes,
      clusters,
      ari: short(ari),
      vMeasure: short(vMeasure),
      purity: short(purity),
      clustered: short(clustered),
    })),
  );
}

async function measure(set: ReasonSet): Promise<Row[]> {
  const reasons = set.items.map(({ text }, index) => ({ id: String(index), text }));
  const report = await clusterReasons(reasons);
  const clusterOf = new Map(
    report.clusters.flatMap((cluster) => cluster.members.map((id) => [id, cluster.id] as const)),
  );
  const tree = new TemplateTree();
  const by = (key: (text: string) => string | null): (string | null)[] => set.items.map(({ text }) => key(text));
  if (process.argv.includes("--show")) show(set, report.clusters);
  return [
    row(
      set,
      "loopsmith",
      reasons.map(({ id }) => clusterOf.get(id) ?? null),
    ),
    row(
      set,
      "templates only",
      by((text) => String(tree.add(text).index)),
    ),
    row(
      set,
      "masked text",
      by((text) => maskText(text)),
    ),
    row(
      set,
      "first word",
      by((text) => text.trim().split(/\s+/)[0]?.toLowerCase() ?? ""),
    ),
    row(
      set,
      "all in one",
      by(() => "one"),
    ),
    row(
      set,
      "each alone",
      by(() => null),
    ),
  ];
}

function row(set: ReasonSet, method: string, clusters: (string | null)[]): Row {
  const classes = set.items.map((item) => item.label);
  const sizes = new Map<string, number>();
  for (const cluster of clusters) if (cluster !== null) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  const together = clusters.filter((cluster) => cluster !== null && (sizes.get(cluster) ?? 0) > 1).length;
  return {
    set: set.name,
    method,
    n: classes.length,
    classes: new Set(classes).size,
    clustered: together / classes.length,
    ...agreementOf(clusters, classes),
    // Singles are no clusters to whoever reads the list, though they count as such in the measures.
    clusters: [...sizes.values()].filter((size) => size > 1).length,
  };
}

function show(set: ReasonSet, clusters: Awaited<ReturnType<typeof clusterReasons>>["clusters"]): void {
  console.error(`\n${set.name}`);
  for (const cluster of clusters) {
    const labels = new Map<string, number>();
    for (const id of cluster.members) {
      const label = set.items[Number(id)]?.label ?? "";
      labels.set(label, (labels.get(label) ?? 0) + 1);
    }
    console.error(
      `  ${cluster.members.length} "${cluster.label}" [${cluster.terms.join(", ")}] ${JSON.stringify(Object.fromEntries(labels))}`,
    );
  }
}
