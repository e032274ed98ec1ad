import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import type { OpenLoop } from "./open-loop.ts";
import { notFailing, readCulprit } from "./read-culprit.ts";

/** Feedback key under which a confirmed culprit stands on its span, for people and other tools to see. */
const CONFIRMED_KEY = "loopsmith_culprit";

/**
 * Confirms (without `spanId`) or corrects the culprit of a judged trace.
 * @throws LoopsmithError `not_found` when the trace was not judged, or is gone; `invalid` for a span that cannot be one
 */
export async function confirmCulprit(
  loop: Pick<OpenLoop, "store" | "platform" | "loopId" | "history">,
  traceId: string,
  spanId?: string,
): Promise<{ confirmations: number }> {
  const { store, platform, loopId, history } = loop;
  const verdict = await readCulprit(store, loopId, traceId);
  const row = await store.ledgerGet({ loopId, traceId });
  const loops = await store.loopList();
  const projectName = loops.find((candidate) => candidate.id === loopId)?.projectName ?? "";
  if (!row) throw notFailing(traceId);
  const culprit = spanId ?? verdict.attribution?.culprit?.spanId;
  if (culprit === undefined) {
    throw new LoopsmithError("invalid", "no span was named for this trace, so there is nothing to confirm", {
      hint: "Name the span that caused the failure.",
    });
  }
  const projectId = await platform.projectId({ name: projectName });
  const heads = [{ traceId, startAt: row.traceStartAt, rootEndAt: row.rootEndAt, changedAt: row.changedAt }];
  const [trace] = await platform.traceRead({ projectId, heads });
  const span = trace?.spans.find((candidate) => candidate.id === culprit);
  if (!trace || !span) {
    throw new LoopsmithError("not_found", `the span ${culprit} is not in trace ${traceId}`, {
      hint: "Give the id of one of its spans.",
    });
  }
  const confirmations = await history.confirm(trace, verdict.scores, culprit);
  if (confirmations === null) {
    throw new LoopsmithError("invalid", "the root cannot be a culprit: it only says that the trace failed", {
      hint: "Name a span below it.",
    });
  }
  await platform.feedbackWrite({
    feedback: [
      {
        id: stableId("confirmed", loopId, traceId),
        runId: span.id,
        traceId,
        projectId,
        key: CONFIRMED_KEY,
        score: 1,
        comment: spanId === undefined ? "confirmed" : "corrected",
        source: { type: "app", metadata: { loop: loopId } },
        startAt: span.startAt,
      },
    ],
  });
  return { confirmations };
}
