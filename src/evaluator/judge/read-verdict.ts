import { isJsonObject } from "../../model/json.ts";
import { refusalIn } from "../text/abstention.ts";
import type { JudgeAnswer } from "./judge-model.ts";
import { scoreOf } from "./scale.ts";
import type { JudgeScale } from "./scale.ts";

/** One answer of the model, read and checked. */
export type JudgeVerdict =
  | { kind: "verdict"; score: number; label?: string; reasoning: string; injection: boolean }
  /** The JSON ended early: worth asking again with more room. */
  | { kind: "cut off" }
  /** The model will not judge this. */
  | { kind: "refused"; said: string }
  /** Well-formed, but without the check code: not written by the judge on its own terms. */
  | { kind: "unchecked"; said: string }
  /** Anything else. */
  | { kind: "malformed"; why: string };

/** Reads an answer strictly: one JSON object (a Markdown fence around it is forgiven), a score on the scale, the check code. */
export function readVerdict(answer: JudgeAnswer, scale: JudgeScale, check: string): JudgeVerdict {
  if (answer.finish === "refusal") return { kind: "refused", said: answer.text.slice(0, 200) };
  const parsed = parseObject(answer.text);
  if (parsed === undefined) {
    if (answer.finish === "length" || looksCutOff(answer.text)) return { kind: "cut off" };
    const refusal = refusalIn(answer.text);
    if (refusal !== null) return { kind: "refused", said: answer.text.slice(0, 200) };
    return { kind: "malformed", why: `no JSON object in ${JSON.stringify(answer.text.slice(0, 120))}` };
  }
  if (parsed.check !== check) return { kind: "unchecked", said: answer.text.slice(0, 200) };
  const score = scoreOf(scale, parsed.score);
  if (score === undefined)
    return { kind: "malformed", why: `score ${JSON.stringify(parsed.score)} is not on the scale` };
  return {
    kind: "verdict",
    score,
    ...(typeof parsed.score === "string" && { label: parsed.score }),
    // The code must not be published with the reasoning, or a trace could learn how such codes look.
    reasoning: typeof parsed.reasoning === "string" ? parsed.reasoning.replaceAll(check, "[check]").slice(0, 2000) : "",
    injection: parsed.injection === true,
  };
}

const FENCE = /^\s*```(?:json)?\s*\n?([\s\S]*?)\n?\s*```\s*$/i;
/** Thinking that models without a separate channel for it put before their answer. */
const THINKING = /^\s*<think>[\s\S]*?<\/think>/;

function parseObject(text: string): Record<string, unknown> | undefined {
  const bare = text.replace(THINKING, "");
  try {
    const value: unknown = JSON.parse(FENCE.exec(bare)?.[1] ?? bare);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function looksCutOff(text: string): boolean {
  const bare = text.replace(THINKING, "").trim();
  return bare === "" ? false : /^(?:```(?:json)?\s*)?\{/.test(bare) && !/\}\s*(?:```)?$/.test(bare);
}
