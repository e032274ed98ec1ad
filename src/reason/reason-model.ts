import type { TextSpace } from "./text-vectors.ts";
import { textVector } from "./text-vectors.ts";
import { nearestCentre } from "./group-vectors.ts";
import type { Embedder } from "./reason.ts";
import { centre } from "./vector.ts";
import type { Vector } from "./vector.ts";

/** What a clustering remembers: plain JSON, to be kept and handed to the next clustering. */
export interface ReasonModel {
  /** `null` when an embedder made the vectors. */
  space: TextSpace | null;
  /** How alike a text must be to join a cluster. */
  join: number;
  clusters: RememberedCluster[];
}

export interface RememberedCluster {
  id: string;
  label: string;
  /** The centre: `[feature, value]` pairs, or plain numbers from an embedder. */
  centre: readonly (readonly [string, number])[] | readonly number[];
  /** Ids of its reasons. */
  members: readonly string[];
}

/** Features of a centre worth keeping; the rest adds up to next to nothing. */
const KEPT_FEATURES = 300;

/** Where a new reason belongs, without clustering again; `null` when it is like none of the clusters. */
export async function assignReason(
  model: ReasonModel,
  text: string,
  options: { embed?: Embedder } = {},
): Promise<{ id: string; label: string; likeness: number } | null> {
  const vector = await vectorFor(model, text, options.embed);
  const nearest =
    vector &&
    nearestCentre(
      model.clusters.map(({ centre }) => ({ centre: readCentre(centre) })),
      vector,
    );
  const cluster = nearest && model.clusters[nearest.index];
  if (!nearest || !cluster || nearest.likeness < model.join) return null;
  return { id: cluster.id, label: cluster.label, likeness: nearest.likeness };
}

export function writeCentre(vector: Vector): RememberedCluster["centre"] {
  if (!(vector instanceof Map)) return vector as readonly number[];
  return [...(vector as ReadonlyMap<string, number>)].sort((a, b) => b[1] - a[1]).slice(0, KEPT_FEATURES);
}

export function readCentre(stored: RememberedCluster["centre"]): Vector {
  const [first] = stored;
  return Array.isArray(first)
    ? new Map(stored as readonly (readonly [string, number])[])
    : (stored as readonly number[]);
}

async function vectorFor(model: ReasonModel, text: string, embed: Embedder | undefined): Promise<Vector | undefined> {
  if (model.space) return textVector(model.space, text);
  const [dense] = (await embed?.([text])) ?? [];
  return dense && centre([dense], [1]);
}
