import { LoopsmithError } from "../model/errors.ts";
import { LINEAGE_KEY, type Lineage } from "./judge/lineage.ts";

/** What the loop writes on a span. */
export type TracerAttributes = Record<string, string | number | boolean>;

/** What the loop needs of an OpenTelemetry span. */
export interface TracerSpan {
  setAttribute(key: string, value: string | number | boolean): unknown;
  setStatus(status: { code: number }): unknown;
  spanContext(): object;
  end(endTime?: number): void;
}

/** What the loop needs of an OpenTelemetry context. */
export interface TracerContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): TracerContext;
  deleteValue(key: symbol): TracerContext;
}

/** An OpenTelemetry `Tracer`, by its shape: what `trace.getTracer("...")` of `@opentelemetry/api` returns. */
export interface LoopTracer {
  startSpan(
    name: string,
    options?: { attributes?: TracerAttributes; startTime?: number; root?: boolean },
    context?: TracerContext,
  ): TracerSpan;
  startActiveSpan<F extends (span: TracerSpan) => unknown>(
    name: string,
    options: { attributes?: TracerAttributes },
    context: TracerContext,
    work: F,
  ): ReturnType<F>;
}

/** The span of one trace that is being judged. */
export interface JudgeSpan {
  /** A child that is active while `work` runs, so that what evaluators trace themselves stands below it. */
  child<T>(name: "evaluate" | "blame" | "record", attributes: TracerAttributes, work: () => Promise<T>): Promise<T>;
  end(outcome: string): void;
}

export interface LoopTracing {
  /** @param readAt epoch ms at which the trace began and ended to be read */
  judge(trace: { traceId: string; revision: number }, readAt: { from: number; to: number }): JudgeSpan;
  /** One attempt of a delivery: below the span of its trace where this process judged that lately, else by itself. */
  deliver<T extends { status: string }>(delivery: Delivered, attempt: () => Promise<T>): Promise<T>;
}

interface Delivered {
  id: string;
  traceId: string;
  revision: number;
  attempts: number;
  action: { action: string };
}

export const NO_SPAN: JudgeSpan = { child: (_name, _attributes, work) => work(), end: () => undefined };
const NO_TRACING: LoopTracing = { judge: () => NO_SPAN, deliver: (_delivery, attempt) => attempt() };

/** The key under which OpenTelemetry's API keeps the span in a context (`createContextKey` is `Symbol.for`). */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");
/** `SpanStatusCode.ERROR`. */
const ERROR = 2;
/** Judged traces whose deliveries still find their span. */
const REMEMBERED = 10_000;

/**
 * The loop's own spans: `loopsmith.judge` for each trace that is evaluated, with `loopsmith.read`, `.evaluate` (one for each
 * evaluator), `.blame`, `.record` and `.deliver` below it. They carry ids, names of the loop's own parts, counts and error
 * codes, and nothing of what stands in a trace. Each carries the signed lineage: sent to a project that a loop watches, they are not judged.
 */
export function loopTracing(tracer: LoopTracer | null, loop: string, lineage: Lineage): LoopTracing {
  if (!tracer) return NO_TRACING;
  const judged = new Map<string, TracerSpan>();
  const common = (traceId: string): TracerAttributes => ({
    "loopsmith.loop": loop,
    "loopsmith.trace_id": traceId,
    [`langsmith.metadata.${LINEAGE_KEY}`]: lineage.sign(traceId),
  });

  return {
    judge({ traceId, revision }, { from, to }) {
      const shared = common(traceId);
      const attributes = { ...shared, "loopsmith.revision": revision };
      const span = tracer.startSpan("loopsmith.judge", { attributes, startTime: from, root: true });
      const below = contextOf(span);
      tracer.startSpan("loopsmith.read", { attributes: shared, startTime: from }, below).end(to);
      remember(judged, `${traceId}/${revision}`, span);
      return {
        child: (name, more, work) =>
          tracer.startActiveSpan(`loopsmith.${name}`, { attributes: { ...shared, ...more } }, below, (child) =>
            ended(child, work),
          ),
        end(outcome) {
          span.setAttribute("loopsmith.outcome", outcome);
          span.end();
        },
      };
    },
    deliver(delivery, attempt) {
      const { traceId, revision, action, id, attempts } = delivery;
      const attributes = {
        ...common(traceId),
        "loopsmith.revision": revision,
        "loopsmith.delivery_id": id,
        "loopsmith.action": action.action,
        "loopsmith.attempt": attempts + 1,
      };
      const below = contextOf(judged.get(`${traceId}/${revision}`));
      return tracer.startActiveSpan("loopsmith.deliver", { attributes }, below, (span) =>
        ended(span, async () => {
          const outcome = await attempt();
          span.setAttribute("loopsmith.outcome", outcome.status);
          if (outcome.status !== "delivered") span.setStatus({ code: ERROR });
          return outcome;
        }),
      );
    },
  };
}

/** Ends the span with the work. Of an error only the code is told: its message may quote the trace. */
async function ended<T>(span: TracerSpan, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.setAttribute("error.type", LoopsmithError.isInstance(error) ? error.code : "error");
    span.setStatus({ code: ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** A context that holds this span, or nothing; made here, so that the API is needed by nobody who does not trace. */
function contextOf(span: TracerSpan | undefined): TracerContext {
  const over = (values: ReadonlyMap<symbol, unknown>): TracerContext => ({
    getValue: (key) => values.get(key),
    setValue: (key, value) => over(new Map(values).set(key, value)),
    deleteValue: (key) => over(new Map([...values].filter(([other]) => other !== key))),
  });
  return over(new Map(span ? [[SPAN_KEY, span]] : []));
}

function remember(judged: Map<string, TracerSpan>, key: string, span: TracerSpan): void {
  judged.delete(key);
  judged.set(key, span);
  const [oldest] = judged.keys();
  if (judged.size > REMEMBERED && oldest !== undefined) judged.delete(oldest);
}
