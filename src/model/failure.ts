import { isJsonObject, type JsonObject } from "./json.ts";
import type { Score } from "./score.ts";

/** Why a span is suspected; each kind can be checked by a person against the trace. */
export interface Evidence {
  kind:
    | "score"
    | "error"
    | "schema"
    | "lineage"
    | "structure"
    | "spectrum"
    | "deviation"
    | "ranker"
    | "judge"
    | "replay";
  /** One plain sentence, e.g. `retrieval relevance 0.21 is below 0.5`. */
  text: string;
  /** The span the evidence was found on, when it is not the suspect itself. */
  spanId?: string;
  /** Contribution to the suspect's score, 0 to 1. */
  weight: number;
}

/** A span blamed for a failure. */
export interface Culprit {
  spanId: string;
  name: string;
  kind: string;
  /** Suspicion from 0 to 1: comparable within one trace; a calibrated probability only where `probability` is set. */
  score: number;
  /** Calibrated probability that this is the decisive span; absent until calibration data exists. */
  probability?: number;
  evidence: Evidence[];
}

/** The answer of the blame room: ranked suspects, or an honest "not attributable". */
export interface Attribution {
  culprit: Culprit | null;
  /** The next suspects, best first, at most two. */
  runnersUp: Culprit[];
  /** Which rung of the ladder decided. */
  method: "evidence" | "spectrum" | "deviation" | "ranker" | "judge" | "replay" | "not attributable";
}

/** A kind of reason that failures of one loop have in common. */
export interface FailureReason {
  /** Stable while the kind keeps most of its members or its centre. */
  id: string;
  /** A short name; it may change as more is learned. */
  label: string;
}

/** What `onFailure` gets beside the run and the score. */
export interface Failure extends Attribution {
  /** Stable across retries and restarts: uuid v5 of loop, trace and revision. */
  id: string;
  loop: string;
  traceId: string;
  revision: number;
  /** The feedback key that fell furthest below its pass mark. */
  key: string;
  score: number;
  threshold: number;
  /** Every score of the trace, passing ones included. */
  scores: Score[];
  comment?: string;
  /** The kind of reason it failed for; `null` for one like no other, or before about twenty failures were seen. */
  reason: FailureReason | null;
}

/** Names and reasons of spans come from traces, and destinations refuse what is too long. */
const MAX_NAME = 200;
const MAX_EVIDENCE_TEXT = 500;
const MAX_EVIDENCE = 10;

/**
 * The context that travels with a failure into queues, webhooks and feedback. Thin: ids and reasons, no payloads. What a trace
 * says in it is cut: names at 200 characters, reasons at 500, and ten of these.
 */
export function failureContext(failure: Failure): JsonObject {
  return {
    failure_id: failure.id,
    loop: failure.loop,
    trace_id: failure.traceId,
    revision: failure.revision,
    key: failure.key,
    score: failure.score,
    threshold: failure.threshold,
    culprit: failure.culprit && {
      span_id: failure.culprit.spanId,
      name: cut(failure.culprit.name, MAX_NAME),
      kind: cut(failure.culprit.kind, MAX_NAME),
      score: failure.culprit.score,
      evidence: failure.culprit.evidence.slice(0, MAX_EVIDENCE).map((item) => cut(item.text, MAX_EVIDENCE_TEXT)),
    },
    attribution: failure.culprit ? failure.method : "not attributable",
    ...(failure.reason ? { reason: { id: failure.reason.id, label: cut(failure.reason.label, MAX_NAME) } } : {}),
  };
}

/** The context in one line: `faithfulness 0.2 is below 0.7; culprit: retrieval`. */
export function contextSummary(context: JsonObject): string {
  const { key, score, threshold, culprit } = context;
  const name = isJsonObject(culprit) && typeof culprit["name"] === "string" ? culprit["name"] : "not attributable";
  return `${JSON.stringify(key)?.slice(1, -1)} ${JSON.stringify(score)} is below ${JSON.stringify(threshold)}; culprit: ${name}`;
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  // A pair of surrogates must not be cut in two.
  return `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
