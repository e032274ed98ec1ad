import { groupVectors } from "./group-vectors.ts";
import type { Group } from "./group-vectors.ts";
import { keepIds } from "./keep-ids.ts";
import { tellingTerms } from "./label-terms.ts";
import { maskText } from "./mask.ts";
import type { Embedder, Namer, Reason, ReasonCluster } from "./reason.ts";
import { writeCentre } from "./reason-model.ts";
import type { ReasonModel } from "./reason-model.ts";
import { TemplateTree, templateText } from "./template-tree.ts";
import { textSpace, textVector } from "./text-vectors.ts";
import { centre, cosine } from "./vector.ts";
import type { Vector } from "./vector.ts";

export interface ClusterReasonsOptions {
  /** Fewer reasons than this are no cluster. @default 3, or 1% of the reasons where that is more */
  minSize?: number;
  /** Clusters whose centres are at least this alike (cosine) become one. @default 0.3 */
  merge?: number;
  /** Single reasons join a cluster that is at least this alike. @default 0.3 */
  join?: number;
  /** The model of the last clustering: clusters that go on keep their ids. */
  previous?: ReasonModel;
  /** Comments on passing runs: words they use too are no reason for failing. */
  contrast?: readonly string[];
  /** Vectors from elsewhere. Raise `merge` and `join` with it: embeddings are more alike than words. @default TF-IDF */
  embed?: Embedder;
  /** Names from elsewhere. @default the template, or the telling terms */
  name?: Namer;
}

export interface ReasonReport {
  /** Largest first. */
  clusters: ReasonCluster[];
  /** Ids of reasons that are like no others. */
  unclustered: string[];
  model: ReasonModel;
}

/** Distinct masked texts with the reasons that say them. */
interface Distinct {
  text: string;
  masked: string;
  reasons: Reason[];
}

/**
 * Finds the kinds of reasons among many: masks what varies, collapses machine messages into templates, compares the rest
 * by TF-IDF, and clusters by density. Needs no model and no number of clusters, and gives the same answer for the same
 * reasons. Time grows with the square of distinct reasons, up to 2,000 of them.
 */
export async function clusterReasons(
  reasons: readonly Reason[],
  options: ClusterReasonsOptions = {},
): Promise<ReasonReport> {
  const { merge = 0.3, join = 0.3, minSize = Math.max(3, Math.ceil(reasons.length * 0.01)) } = options;
  const distinct = distinctOf(reasons);
  const space = options.embed ? null : textSpace(distinct.map(({ masked }) => masked));
  const vectors = space
    ? distinct.map(({ masked }) => textVector(space, masked))
    : await embedded(distinct, options.embed);
  const weights = distinct.map((item) => item.reasons.length);
  const groups = groupVectors(vectors, weights, { minWeight: minSize, merge, join }).sort(
    (a, b) => weightOf(b, weights) - weightOf(a, weights),
  );
  const described = await describe(groups, distinct, vectors, options);
  const ids = keepIds(described, options.previous);
  const clusters = described.map((cluster, index) => ({
    id: ids[index] ?? "",
    label: cluster.label,
    terms: cluster.terms,
    examples: cluster.examples,
    members: cluster.members,
  }));
  const grouped = new Set(clusters.flatMap((cluster) => cluster.members));
  return {
    clusters,
    unclustered: reasons.flatMap(({ id }) => (grouped.has(id) ? [] : [id])),
    model: {
      space,
      join,
      clusters: clusters.map(({ id, label, members }, index) => ({
        id,
        label,
        members,
        centre: writeCentre((described[index] as { centre: Vector }).centre),
      })),
    },
  };
}

async function describe(
  groups: readonly Group[],
  distinct: readonly Distinct[],
  vectors: readonly Vector[],
  options: ClusterReasonsOptions,
) {
  const texts = groups.map((group) =>
    group.items.flatMap((item) => (distinct[item] as Distinct).reasons.map(({ text }) => text)),
  );
  const terms = tellingTerms(texts, options.contrast);
  return Promise.all(
    groups.map(async (group, index) => {
      const likeness = (item: number): number => cosine(vectors[item] as Vector, group.centre);
      const typical = [...group.items]
        .sort((a, b) => likeness(b) - likeness(a) || a - b)
        .map((item) => distinct[item] as Distinct);
      const examples = typical.slice(0, 3).map(({ text }) => text);
      const told = terms[index] ?? [];
      return {
        terms: told,
        examples,
        label: options.name ? await options.name({ terms: told, examples }) : labelOf(typical, told),
        members: group.items.flatMap((item) => (distinct[item] as Distinct).reasons.map(({ id }) => id)),
        centre: group.centre,
        typical: typical[0]?.masked ?? "",
      };
    }),
  );
}

/** A template says more than terms, as long as all share one. */
function labelOf(typical: readonly Distinct[], terms: readonly string[]): string {
  const tree = new TemplateTree();
  for (const { masked } of typical) tree.add(masked);
  const [template] = tree.templates;
  const text = tree.templates.length === 1 && template ? templateText(template) : "";
  const fixed = text.split(" ").filter((token) => !token.startsWith("<")).length;
  if (fixed >= 3) return text.length > 120 ? `${text.slice(0, 117)}...` : text;
  return terms.slice(0, 4).join(", ") || (typical[0]?.masked.slice(0, 120) ?? "");
}

function distinctOf(reasons: readonly Reason[]): Distinct[] {
  const byText = new Map<string, Distinct>();
  for (const reason of reasons) {
    const masked = maskText(reason.text);
    const known = byText.get(masked);
    if (known) known.reasons.push(reason);
    else byText.set(masked, { text: reason.text, masked, reasons: [reason] });
  }
  // In an order of their own, so that the answer does not depend on the order of the reasons.
  return [...byText.values()].sort((a, b) => (a.masked < b.masked ? -1 : 1));
}

async function embedded(distinct: readonly Distinct[], embed: Embedder | undefined): Promise<Vector[]> {
  const dense = (await embed?.(distinct.map(({ text }) => text))) ?? [];
  return distinct.map((_item, index) => centre([dense[index] ?? []], [1]));
}

function weightOf(group: Group, weights: readonly number[]): number {
  return group.items.reduce((sum, item) => sum + (weights[item] ?? 0), 0);
}
