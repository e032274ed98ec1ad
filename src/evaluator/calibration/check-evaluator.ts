import { isUuid, stableId } from "../../model/id.ts";
import { isJsonObject } from "../../model/json.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { mapWithLimit } from "../../internal/map-with-limit.ts";
import { createSpan, createTrace, type Trace } from "../../model/trace.ts";
import type { Evaluator } from "../evaluator.ts";
import { runEvaluator } from "../run-evaluator.ts";
import { targetsOf } from "../targets.ts";
import { calibrate } from "./calibrate.ts";
import type { Calibration, CalibrateOptions } from "./calibrate.ts";
import type { Labelled } from "./labelled.ts";

/** One labelled example for `checkEvaluator`, as a line of a JSONL file holds it. */
export interface LabelledCase {
  /** @default the line's number */
  id?: string;
  inputs: JsonObject;
  outputs: JsonObject | null;
  /** What was retrieved; becomes a retriever run below the root. */
  documents?: Json[];
  error?: string;
  /** Whether a person calls it a failure. */
  failed: boolean;
}

export interface CheckEvaluatorOptions extends CalibrateOptions {
  /** The key to check when the evaluator gives several. @default its first score's */
  key?: string;
  /** Examples judged at the same time. @default 4 */
  concurrency?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

export interface EvaluatorCheck {
  calibration: Calibration;
  /** Examples with a score. */
  judged: number;
  /** Examples the evaluator found not applicable. */
  notApplicable: number;
  /** One line for each example it failed on. */
  problems: string[];
  cost: { tokens: number; usd: number };
}

/**
 * Runs an evaluator on labelled examples and measures it against the labels.
 * @throws LoopsmithError `invalid` when too few examples of either class got a score
 */
export async function checkEvaluator(
  evaluator: Evaluator,
  cases: readonly LabelledCase[],
  options: CheckEvaluatorOptions = {},
): Promise<EvaluatorCheck> {
  const { key, concurrency = 4, signal, onProgress } = options;
  const labelled: Labelled[] = [];
  const problems: string[] = [];
  const cost = { tokens: 0, usd: 0 };
  let [notApplicable, done] = [0, 0];
  await mapWithLimit(cases, concurrency, async (example, index) => {
    signal?.throwIfAborted();
    const [target] = targetsOf(evaluator, toTrace(example, index));
    try {
      const scores = target ? await runEvaluator(evaluator, target, { ...(signal && { signal }) }) : [];
      const score = scores.find((given) => key === undefined || given.key === key);
      for (const given of scores) {
        cost.tokens += given.cost?.tokens ?? 0;
        cost.usd += given.cost?.usd ?? 0;
      }
      if (score?.score === undefined || score.score === null) notApplicable++;
      else labelled.push({ score: score.score, failed: example.failed });
    } catch (error) {
      problems.push(`${example.id ?? `example ${index + 1}`}: ${errorMessage(error)}`);
    }
    onProgress?.(++done, cases.length);
  });
  signal?.throwIfAborted();
  return { calibration: calibrate(labelled, options), judged: labelled.length, notApplicable, problems, cost };
}

/**
 * Reads labelled examples from JSONL: one object a line with `inputs`, `outputs` and `failed` (or `passed`, or a `label`
 * of `fail` / `pass`), optionally `documents`, `error` and `id`.
 * @throws LoopsmithError `invalid` naming the first line that cannot be read
 */
export function parseLabelledCases(text: string): LabelledCase[] {
  return text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [parseCase(line, index + 1)]));
}

function parseCase(line: string, number: number): LabelledCase {
  const wrong = (what: string): LoopsmithError =>
    new LoopsmithError("invalid", `Line ${number} ${what}.`, {
      hint: 'Write one JSON object a line, as in {"inputs": {...}, "outputs": {...}, "failed": true}.',
    });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw wrong("is not JSON");
  }
  if (!isJsonObject(value)) throw wrong("is not an object");
  const failed = labelOf(value);
  if (failed === undefined) throw wrong("has no label: `failed`, `passed` or `label`");
  return {
    id: typeof value.id === "string" ? value.id : `line ${number}`,
    inputs: isJsonObject(value.inputs) ? value.inputs : {},
    outputs: isJsonObject(value.outputs) ? value.outputs : null,
    ...(Array.isArray(value.documents) && { documents: value.documents }),
    ...(typeof value.error === "string" && { error: value.error }),
    failed,
  };
}

function labelOf(value: JsonObject): boolean | undefined {
  if (typeof value.failed === "boolean") return value.failed;
  if (typeof value.passed === "boolean") return !value.passed;
  const label = typeof value.label === "string" ? value.label.toLowerCase() : "";
  return { fail: true, failed: true, pass: false, passed: false }[label];
}

function toTrace(example: LabelledCase, index: number): Trace {
  const id = isUuid(example.id) ? example.id : stableId("labelled case", index, example.id ?? "");
  const { inputs, outputs, documents } = example;
  const root = createSpan({ id, name: "labelled case", inputs, outputs, error: example.error || null });
  const spans = [root];
  if (documents) {
    const retrieverId = stableId(id, "documents");
    spans.push(
      createSpan({
        id: retrieverId,
        traceId: id,
        parentId: id,
        dottedOrder: `${id}.${retrieverId}`,
        kind: "retriever",
        name: "retrieval",
        inputs,
        outputs: { documents },
      }),
    );
  }
  return createTrace(root, spans, { projectId: "labelled", projectName: "labelled" });
}
