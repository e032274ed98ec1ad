import { canonicalJson } from "../internal/canonical-json.ts";
import { hashShare } from "../internal/hash-share.ts";
import { stableId } from "../model/id.ts";
import type { JsonObject } from "../model/json.ts";
import { matchesPattern } from "../model/pattern.ts";
import type { FeatureRow, Predicate } from "../model/pattern.ts";
import { matchControls } from "./match-controls.ts";
import type { RemedyExample } from "./remedy-example.ts";

/** One decided trace that may become an example. */
export interface DatasetSource {
  traceId: string;
  /** Span of the root. */
  runId: string;
  /** Epoch ms of the trace's start. */
  at: number;
  failed: boolean;
  inputs: JsonObject;
  features: FeatureRow["features"];
  /** Runs that are not independent (a thread, a user) share one and go to the same split. */
  cluster?: string | null;
  /** What a reviewer says the outputs should have been. */
  correction?: JsonObject;
}

/** A pattern by name and conditions. */
export interface NamedPattern {
  name: string;
  predicates: readonly Predicate[];
}

export interface DatasetOptions {
  /** Most failing examples, over all versions. @default 400 */
  maxExamples?: number;
  /** Controls for each failing example. @default 1 */
  controlsPerExample?: number;
  /** Share of examples only the gate sees. @default 0.5 */
  heldOutShare?: number;
  /** Other followed patterns; the ones an example matches become its slices. */
  otherPatterns?: readonly NamedPattern[];
  /**
   * Sees every payload before it is compared or kept; returns it without what must not be kept, or `null` to leave the
   * example out. Whatever it throws stops the building.
   */
  redact?: (payload: JsonObject, kind: "inputs" | "outputs") => JsonObject | null;
}

export interface PatternDataset {
  /** Everything the dataset holds now, earlier versions' examples first. */
  examples: RemedyExample[];
  /** New, or changed by a correction: what must be written. */
  changed: RemedyExample[];
  /** What was left out, by reason. */
  dropped: { duplicates: number; redacted: number; overCap: number; unmatched: number };
}

const POOL = 2000;

/**
 * Turns a pattern's failing traces into examples, and as many of the most similar passing traces into controls. Grows:
 * give the earlier version's examples, which keep their ids and splits. The split is a hash of the cluster, else of the
 * inputs, so nothing alike stands on both sides, and of the dataset's name, so it cannot be aimed at.
 */
export function buildDataset(
  name: string,
  pattern: NamedPattern,
  sources: readonly DatasetSource[],
  existing: readonly RemedyExample[] = [],
  options: DatasetOptions = {},
): PatternDataset {
  const { maxExamples = 400, controlsPerExample = 1 } = options;
  const known = new Map(existing.map((example) => [example.id, example]));
  const dropped = { duplicates: 0, redacted: 0, overCap: 0, unmatched: 0 };
  const seen = new Map<string, Entry>();
  /** The first trace of each input, with the latest correction any of them got. */
  const enter = (source: DatasetSource): Entry | null => {
    const example = toExample(name, source, options);
    if (!example) {
      dropped.redacted += 1;
      return null;
    }
    const first = seen.get(example.id);
    if (!first) {
      const entry = { source, example };
      seen.set(example.id, entry);
      if (known.has(example.id)) dropped.duplicates += 1;
      return entry;
    }
    dropped.duplicates += 1;
    if (example.outputs) first.example.outputs = example.outputs;
    return null;
  };
  const isNew = ({ example }: Entry): boolean => !known.has(example.id);

  const inOrder = [...sources].sort((a, b) => a.at - b.at || (a.traceId < b.traceId ? -1 : 1));
  const matching = inOrder.filter((source) => source.failed && matchesPattern(source.features, pattern.predicates));
  dropped.unmatched = inOrder.filter((source) => source.failed).length - matching.length;
  const fresh = matching.flatMap((source) => enter(source) ?? []).filter(isNew);
  const room = Math.max(0, maxExamples - existing.filter((example) => !example.control).length);
  const targets = sampled(name, fresh, room);
  dropped.overCap = fresh.length - targets.length;

  const passing = inOrder
    .filter((source) => !source.failed)
    .flatMap((source) => enter(source) ?? [])
    .filter(isNew);
  const pool = sampled(name, passing, POOL);
  const wanted = Array.from({ length: controlsPerExample }, () => targets.map(({ source }) => source.features)).flat();
  const ignored = new Set(pattern.predicates.map((predicate) => predicate.feature));
  const controls = matchControls(
    wanted,
    pool.map(({ source }) => source.features),
    ignored,
  ).flatMap((index) => pool[index]?.example ?? []);
  const corrected = existing.flatMap((example) => {
    const outputs = seen.get(example.id)?.example.outputs;
    return outputs && canonicalJson(outputs) !== canonicalJson(example.outputs) ? [{ ...example, outputs }] : [];
  });
  const changed = [...corrected, ...targets.map((target) => target.example), ...controls];
  const all = new Map([...existing, ...changed].map((example) => [example.id, example]));
  return { examples: [...all.values()], changed, dropped };
}

interface Entry {
  source: DatasetSource;
  example: RemedyExample;
}

function toExample(name: string, source: DatasetSource, options: DatasetOptions): RemedyExample | null {
  const { redact = (payload: JsonObject) => payload, heldOutShare = 0.5, otherPatterns = [] } = options;
  const inputs = redact(structuredClone(source.inputs), "inputs");
  if (inputs === null) return null;
  const correction = source.correction && redact(structuredClone(source.correction), "outputs");
  const id = stableId("example", name, canonicalJson(inputs));
  return {
    id,
    inputs,
    ...(correction && { outputs: correction }),
    split: hashShare(`split ${name}`, source.cluster ?? id) < heldOutShare ? "held_out" : "visible",
    control: !source.failed,
    slices: otherPatterns
      .filter((other) => matchesPattern(source.features, other.predicates))
      .map((other) => other.name),
    sourceTraceId: source.traceId,
    sourceRunId: source.runId,
  };
}

/** The `size` examples whose ids hash lowest: an even sample that hardly changes as more arrive. */
function sampled(name: string, items: readonly Entry[], size: number): Entry[] {
  if (items.length <= size) return [...items];
  const place = (item: Entry): number => hashShare(`sample ${name}`, item.example.id);
  const bar = items.map(place).sort((a, b) => a - b)[size] ?? Infinity;
  return items.filter((item) => place(item) < bar);
}
