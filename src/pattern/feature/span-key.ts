import { remembered } from "../../internal/remembered.ts";
import type { Span } from "../../model/trace.ts";

/**
 * How a span is called in feature names: its name, and for LLM and tool spans the kind before it (`llm:answer`,
 * `tool:search`), since a tool and the chain around it often share a name. Ids and counters inside a name are masked
 * (`step 12` becomes `step #`), so that a generated name does not become a feature per trace.
 */
export function spanKey({ kind, name }: Pick<Span, "name" | "kind">): string {
  const masked = maskedName(name);
  return kind === "llm" || kind === "tool" ? `${kind}:${masked}` : masked;
}

/** The feature of all spans that share a key. */
export function spanFeatureName(key: string, what: string): string {
  return featureNames(key)(what);
}

/**
 * Names repeat from trace to trace, while masking one and making a property's name of a new string are what extracting
 * features mostly takes.
 */
const maskedName = remembered((name: string) => maskVarying(name).slice(0, 80));
const featureNames = remembered((key: string) => remembered((what: string) => `${key}.${what}`));

/** Kinds whose spans are also described together, whatever their names. */
export const DESCRIBED_KINDS: readonly string[] = ["llm", "tool", "retriever"];

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const HEX = /\b(?=[0-9a-f]*[0-9])[0-9a-f]{12,}\b/gi;
/** Digits that stand alone; those glued to letters (`gpt4`, `v2`) belong to the name. */
const NUMBER = /(?<![\p{L}\d.])\d+(?:\.\d+)?(?![\p{L}\d])/gu;

/** The text with uuids, long hex and free-standing numbers replaced by `#`. */
export function maskVarying(text: string): string {
  return text.replace(UUID, "#").replace(HEX, "#").replace(NUMBER, "#");
}
