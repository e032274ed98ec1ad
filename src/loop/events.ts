import type { AlertNotification } from "../model/alert.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Failure } from "../model/failure.ts";
import type { IssueEvent } from "../model/issue.ts";
import type { RemedyEvent, RemedyState } from "../remedy/remedy-state.ts";
import type { Verdict } from "../model/verdict.ts";

/** What a loop tells. Listeners run synchronously and cannot disturb the loop: what they throw is reported as `error`. */
export interface LoopEvents {
  /** A verdict was recorded. */
  "trace:judged": { verdict: Verdict };
  /** A verdict with outcome `fail` was recorded, and its deliveries with it. */
  "failure:detected": { failure: Failure; deliveries: readonly Delivery[] };
  /** A conversation went idle and was judged; its verdict's `traceId` is the thread's. Once durable. */
  "conversation:judged": { threadId: string; verdict: Verdict };
  /** A receiver acknowledged. */
  "delivery:delivered": { delivery: Delivery };
  /** An attempt failed; it is retried at `nextAttemptAt`. */
  "delivery:failed": { delivery: Delivery; reason: string; nextAttemptAt: number };
  /** Attempts are used up or the receiver refused for good. `replay()` sends it again. */
  "delivery:dead": { delivery: Delivery; reason: string };
  /** An issue was born, confirmed, grew, was resolved, came back, ...: `event.type` says which. */
  "pattern:changed": { event: IssueEvent };
  /** A pattern was found that was not followed before. */
  "pattern:new": { event: IssueEvent };
  /** A resolved pattern came back. */
  "pattern:regressed": { event: IssueEvent };
  /** An alert rule had something to say; its deliveries are queued. */
  "alert:notified": { notification: AlertNotification };
  /** A remedy has a new line of history. */
  "remedy:changed": { remedy: RemedyState<object>; event: RemedyEvent };
  /** Something went wrong and is retried by itself; `traceId` where it concerns one trace. */
  error: { error: unknown; during: "sweep" | "judge" | "deliver" | "learn" | "remedy" | "listener"; traceId?: string };
}

export type LoopEventName = keyof LoopEvents;
type Listener<N extends LoopEventName> = (event: LoopEvents[N]) => void;

export interface LoopEmitter {
  on<N extends LoopEventName>(name: N, listener: Listener<N>): () => void;
  emit<N extends LoopEventName>(name: N, event: LoopEvents[N]): void;
}

export function createEmitter(): LoopEmitter {
  const listeners = new Map<LoopEventName, Set<Listener<never>>>();
  const emitter: LoopEmitter = {
    on(name, listener) {
      const ofName = listeners.get(name) ?? new Set();
      listeners.set(name, ofName);
      ofName.add(listener as Listener<never>);
      return () => ofName.delete(listener as Listener<never>);
    },
    emit(name, event) {
      for (const listener of listeners.get(name) ?? []) {
        try {
          (listener as Listener<typeof name>)(event);
        } catch (error) {
          if (name !== "error") emitter.emit("error", { error, during: "listener" });
        }
      }
    },
  };
  return emitter;
}
