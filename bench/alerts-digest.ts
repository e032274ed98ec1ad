import { digestText, takeDigest, throttle, THROTTLE_START } from "../src/alert/throttle.ts";
import type { ThrottleState } from "../src/alert/throttle.ts";
import type { Action } from "../src/model/action.ts";

export interface DigestResult {
  matches: number;
  /** Actions on record, by what became of them. */
  recorded: { delivered: number; held: number };
  messages: number;
  /** Matches the messages account for. */
  told: number;
  text: string;
}

/** 1,000 matches in 5 minutes, each with an action that records and one that notifies, at default policy. */
export function digestBurst(matches: number): DigestResult {
  const recorded = { delivered: 0, held: 0 };
  const messages: { count: number; text: string }[] = [];
  let state: ThrottleState = THROTTLE_START;
  const spanMs = 300_000;
  let match = 0;
  for (let now = 0; now <= 4 * spanMs; now += 1000) {
    for (; match < matches && (match * spanMs) / matches <= now; match += 1) {
      const actions: Action[] = [
        { action: "add_to_annotation_queue", queueName: "review" },
        { action: "notify", destination: "slack" },
      ];
      for (const action of actions) {
        const item = { id: `${match}-${action.action}`, at: now, summary: `trace ${match} failed` };
        const step = throttle({}, state, "loop/slack", action, item);
        state = step.state;
        recorded[step.decision.do === "deliver" ? "delivered" : "held"] += 1;
      }
    }
    const step = takeDigest({}, state, "loop/slack", now);
    state = step.state;
    if (step.digest !== null) messages.push({ count: step.digest.count, text: digestText(step.digest) });
  }
  return {
    matches,
    recorded,
    messages: messages.length,
    told: messages.reduce((sum, { count }) => sum + count, 0),
    text: messages[0]?.text ?? "",
  };
}
