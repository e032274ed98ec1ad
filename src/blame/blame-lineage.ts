import type { Evidence } from "../model/failure.ts";
import type { Step } from "./execution-order.ts";
import { firstFragments, wordsOf } from "./trace-words.ts";
import { clip } from "./symptom/span-nature.ts";
import { finishOrder, inputsOf, outputsOf } from "./lineage.ts";
import type { LineageQuery, Origin } from "./lineage.ts";

/** At most this many symptomatic steps are traced back, the most suspicious first; it bounds the cost. */
const MAX_TRACED = 12;

/** What the walk back adds to one step. */
export interface LineageBlame {
  /** The strongest reason why bad data elsewhere came from here. */
  evidence: Evidence | null;
  /** Share of the step's own suspicion that earlier steps explain, 0 to 1. */
  excuse: number;
}

/**
 * The steps worth walking back from (suspicion of their own of at least 0.2), with what to ask of the lineage for each:
 * where the data its symptom is about came from, and where its inputs came from.
 */
export function lineageQueries(
  steps: readonly Step[],
  symptoms: readonly Evidence[][],
  own: readonly number[],
): { step: number; queries: [LineageQuery, LineageQuery] }[] {
  return [...own.keys()]
    .filter((i) => i > 0 && own[i]! >= 0.2)
    .sort((a, b) => own[b]! - own[a]! || a - b)
    .slice(0, MAX_TRACED)
    .map((step) => ({ step, queries: [suspectData(steps, step, symptoms[step]!), inputsOf(steps, step)] }));
}

/**
 * Blames the steps that introduced bad data with `lineage` evidence and partly excuses those that only passed it on.
 * `origins` holds the answers to each traced step's two queries.
 */
export function blameLineage(
  steps: readonly Step[],
  own: readonly number[],
  origins: ReadonlyMap<number, readonly [Origin, Origin]>,
): LineageBlame[] {
  const blame = steps.map((): LineageBlame => ({ evidence: null, excuse: 0 }));
  // Latest finish first: blame flows only to steps that finished earlier, so one sweep settles it.
  for (const i of finishOrder(steps).reverse()) {
    const [bad, given] = origins.get(i) ?? [];
    if (bad) relay(steps, blame, own, i, bad);
    if (given) consume(steps, blame, own, i, given);
  }
  return blame;
}

/** Up to three fragments of a trace, as a person would look for them. */
export function quote(steps: readonly Step[], fragments: readonly number[]): string {
  const { vocabulary } = wordsOf(steps);
  const shown = fragments.slice(0, 3).map((fragment) => `"${clip(vocabulary.wordOf(fragment), 40)}"`);
  return shown.join(", ") + (fragments.length > 3 ? ` and ${fragments.length - 3} more` : "");
}

// --- internal ---

/** The data the symptom is about: the inputs an error message quotes, otherwise what the step put out. */
function suspectData(steps: readonly Step[], index: number, symptoms: readonly Evidence[]): LineageQuery {
  if (!symptoms.some((item) => item.kind === "error")) return outputsOf(steps, index);
  const { span } = steps[index]!;
  const { texts, vocabulary } = wordsOf(steps);
  const said = new Set(firstFragments(vocabulary, `${span.error ?? ""} ${texts[index]!}`));
  const inputs = inputsOf(steps, index);
  return { ...inputs, fragments: inputs.fragments.filter((fragment) => said.has(fragment)) };
}

/** Bad data that a step received from another was introduced there. */
function relay(
  steps: readonly Step[],
  blame: LineageBlame[],
  own: readonly number[],
  to: number,
  origin: Origin,
): void {
  const before = blame[to]!;
  const suspicion = 1 - (1 - own[to]!) * (1 - (before.evidence?.weight ?? 0));
  let carried = 0;
  for (const [from, fragments] of origin.byStep) {
    if (from === to) continue;
    const share = fragments.length / origin.total;
    carried += share;
    if (share >= 0.25) {
      const text = `put out ${quote(steps, fragments)} first, which ${name(steps, to)} passed on`;
      strengthen(blame[from]!, { kind: "lineage", text, spanId: steps[to]!.span.id, weight: 0.75 * suspicion * share });
    }
  }
  before.excuse = Math.max(before.excuse, 0.5 * carried);
}

/** A step fed by one with a symptom of its own is partly excused, and the feeder more suspect. */
function consume(
  steps: readonly Step[],
  blame: LineageBlame[],
  own: readonly number[],
  to: number,
  origin: Origin,
): void {
  for (const [from, fragments] of origin.byStep) {
    if (own[from]! < 0.2 || (fragments.length < 3 && fragments.length < 0.1 * origin.total)) continue;
    const text = `its output (${quote(steps, fragments)}) fed ${name(steps, to)}`;
    strengthen(blame[from]!, { kind: "lineage", text, spanId: steps[to]!.span.id, weight: 0.3 * own[to]! });
    blame[to]!.excuse = Math.max(blame[to]!.excuse, 0.5 * own[from]!);
  }
}

/** Only the strongest reason is kept: a step that feeds a hundred others is one cause, not a hundred. */
function strengthen(blame: LineageBlame, evidence: Evidence): void {
  if (evidence.weight > (blame.evidence?.weight ?? 0)) blame.evidence = evidence;
}

function name(steps: readonly Step[], index: number): string {
  return `"${clip(steps[index]!.span.name, 60)}"`;
}
