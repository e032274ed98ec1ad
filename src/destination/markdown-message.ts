import { codeBlock, longestBackticks } from "../internal/text/code-block.ts";
import type { Delivery } from "../model/delivery.ts";
import { messageOf } from "./message.ts";

const LINE = 100;

/**
 * A delivery as Markdown for issue trackers. Whatever may come from a trace stands in code spans and code blocks, whose
 * fences are longer than any run of backticks inside: there no mention notifies, no HTML, link or reference is read.
 */
export function markdownMessage(delivery: Delivery): string {
  const { text, facts, evidence, url } = messageOf(delivery);
  const parts: string[] = [];
  if (text !== "") parts.push(codeBlock(wrap(text)));
  parts.push(facts.map(({ label, value }) => `- ${labelOf(label)}: ${codeSpan(value)}`).join("\n"));
  if (evidence.length > 0) parts.push(`Evidence:\n\n${evidence.map((item) => `- ${codeSpan(item)}`).join("\n")}`);
  if (url !== null) parts.push(`[Open](<${url}>)`);
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Inline code that holds any text, by the rules of CommonMark. */
export function codeSpan(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line === "") return "(empty)";
  const fence = "`".repeat(longestBackticks(line) + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** Trackers show code without wrapping. */
function wrap(text: string): string {
  const pattern = new RegExp(`(?=.{${LINE + 1}})(.{1,${LINE}})(?: +|$)`, "g");
  return text.replace(pattern, "$1\n");
}

/** Labels may be keys of `data`; letters and digits are all a label needs. */
function labelOf(label: string): string {
  return label.replace(/[^\p{L}\p{N} -]+/gu, " ").trim() || "Value";
}
