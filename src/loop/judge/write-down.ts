import type { Delivery } from "../../model/delivery.ts";
import type { LedgerClaim, VerdictRecord } from "../../store/resource/ledger.ts";
import type { Decision } from "../decide.ts";
import type { JudgeSpan } from "../loop-tracing.ts";
import type { JudgeDeps } from "./judge-deps.ts";
import { scoreDelivery } from "./score-delivery.ts";

/** What was judged and its verdict, which is still to be written. */
export interface Ready {
  record: VerdictRecord;
  failure: Decision["failure"];
  /** The deliveries `onFailure` asked for, without the scores that travel as deliveries. */
  actions: readonly Delivery[];
  span: JudgeSpan;
  /** Says that it was judged. */
  tell: () => void;
}

/** A verdict with all that becomes true with it: scores are feedback where the traces live in this store, else deliveries. */
export function toRecord(
  { store, platform }: Pick<JudgeDeps, "store" | "platform">,
  { leaseToken }: Pick<LedgerClaim, "leaseToken">,
  { verdict, deliveries, feedback }: Pick<Decision, "verdict" | "deliveries" | "feedback">,
): VerdictRecord {
  if (platform.store === store) return { verdict, leaseToken, deliveries, feedback };
  return { verdict, leaseToken, deliveries: [...deliveries, ...feedback.map((item) => scoreDelivery(item, verdict))] };
}

/** Records a verdict and, once it is durable, tells everybody; says nothing when the lease was lost. */
export async function writeDown(
  { onDeliveries, emitter }: Pick<JudgeDeps, "onDeliveries" | "emitter">,
  record: (record: VerdictRecord) => Promise<boolean>,
  { record: written, failure, actions, span, tell }: Ready,
): Promise<void> {
  const { verdict, deliveries } = written;
  let outcome = "later";
  try {
    const recorded = await span.child("record", { "loopsmith.deliveries": deliveries.length }, () => record(written));
    outcome = recorded ? verdict.outcome : "overtaken";
    if (!recorded) return;
  } finally {
    span.end(outcome);
  }
  if (deliveries.length > 0) onDeliveries();
  tell();
  if (failure) emitter.emit("failure:detected", { failure, deliveries: actions });
}
