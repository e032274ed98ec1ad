import { newId } from "../../src/model/id.ts";
import { parseFilter } from "../../src/wire/filter.ts";
import type { FilterExpression } from "../../src/wire/filter-ast.ts";

export interface FakeLangSmithOptions {
  /** The simulated time, epoch ms. */
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Requests taken in ten seconds; the next are answered 429 with Retry-After. @default 300, what v2 is said to take */
  requestsPer10s?: number;
  /** Share of requests answered 500, 502 or 503. @default 0 */
  failing?: number;
  /** Stretches of time in which every request fails, epoch ms. @default none */
  outages?: readonly (readonly [from: number, to: number])[];
}

/** A trace as the fake will show it, bit by bit. */
export interface ScriptedTrace {
  id: string;
  /** By the clock of whoever traced, which may be wrong. */
  startAt: number;
  /** By the same clock; `null`: the root never ends. */
  endAt: number | null;
  /** From when on the API shows the trace, and from when on its end. */
  visibleAt: number;
  endVisibleAt: number;
}

export interface FakeLangSmith {
  fetch: typeof fetch;
  traces: readonly ScriptedTrace[];
  /** Requests by kind; `refused` and `failed` ones count there only. */
  requests: { list: number; byId: number; count: number; read: number; refused: number; failed: number };
}

const PROJECT_ID = "00000000-0000-4000-8000-00000000face";
const MAX_PAGE = 1_000;
const DAY_MS = 86_400_000;
/** Nobody's clock is further ahead, so that what ends later need not be looked at. */
const MAX_SKEW_MS = 10 * 60_000;

/**
 * Plays LangSmith's v2 API for one project: runs in order of start time, newest first, pages of at most 1,000, cursors by
 * (start time, id), the last day unless told otherwise, only the id unless fields are selected, filters on start and end
 * time, counts, a quota in ten-second windows. It knows only what is visible yet.
 */
export function fakeLangSmith(
  options: FakeLangSmithOptions,
  scripts: readonly Omit<ScriptedTrace, "id">[],
): FakeLangSmith {
  const { now, random, requestsPer10s = 300, failing = 0, outages = [] } = options;
  const traces: ScriptedTrace[] = scripts.map((script) => ({ ...script, id: newId() }));
  const byId = new Map(traces.map((trace) => [trace.id, trace]));
  const byStart = index(traces, (trace) => trace.startAt);
  const byEnd = index(traces, (trace) => trace.endAt);
  const requests = { list: 0, byId: 0, count: 0, read: 0, refused: 0, failed: 0 };
  let window = { number: -1, taken: 0 };

  function refuse(): Response | null {
    const at = now();
    if (outages.some(([from, to]) => at >= from && at < to) || random() < failing) {
      requests.failed += 1;
      return Response.json({ detail: "not now" }, { status: [500, 502, 503][Math.floor(random() * 3)] ?? 503 });
    }
    const number = Math.floor(at / 10_000);
    if (window.number !== number) window = { number, taken: 0 };
    window.taken += 1;
    if (window.taken <= requestsPer10s) return null;
    requests.refused += 1;
    const seconds = Math.ceil(((number + 1) * 10_000 - at) / 1_000);
    return Response.json({ detail: "too many" }, { status: 429, headers: { "retry-after": String(seconds) } });
  }

  const isVisible = (trace: ScriptedTrace): boolean => trace.visibleAt <= now();
  const hasEnded = (trace: ScriptedTrace): boolean => trace.endAt !== null && trace.endVisibleAt <= now();

  function toRun(trace: ScriptedTrace, fields: ReadonlySet<string>): object {
    const ended = hasEnded(trace);
    const whole = {
      TRACE_ID: { trace_id: trace.id },
      NAME: { name: "ask" },
      RUN_TYPE: { run_type: "CHAIN" },
      START_TIME: { start_time: new Date(trace.startAt).toISOString() },
      END_TIME: ended ? { end_time: new Date(trace.endAt ?? 0).toISOString() } : {},
      STATUS: { status: ended ? "SUCCESS" : "PENDING" },
      DOTTED_ORDER: { dotted_order: `20261101T000000000000Z${trace.id}` },
      PROJECT_ID: { project_id: PROJECT_ID },
    };
    const chosen = Object.entries(whole).filter(([field]) => fields.has(field));
    return Object.assign({ id: trace.id }, ...chosen.map(([, value]) => value));
  }

  /** Those that pass the filter, which must bound a time from below on every branch. */
  function select(filter: FilterExpression): Set<ScriptedTrace> {
    if (filter.kind === "or") return new Set(filter.of.flatMap((branch) => [...select(branch)]));
    const tests = filter.kind === "and" ? filter.of : [filter];
    const bounds = { start_time: [-Infinity, Infinity], end_time: [-Infinity, Infinity] };
    for (const test of tests) {
      if (test.kind !== "compare" || !(test.field in bounds)) throw new Error("this filter is not played here");
      const bound = bounds[test.field as keyof typeof bounds];
      if (test.test.op === "gte") bound[0] = test.test.value as number;
      else if (test.test.op === "lt") bound[1] = test.test.value as number;
      else throw new Error(`${test.test.op} is not played here`);
    }
    const asksEnd = bounds.end_time[0] !== -Infinity;
    const [from = 0, to = 0] = asksEnd ? bounds.end_time : bounds.start_time;
    const found = asksEnd
      ? byEnd.between(from, Math.min(to, now() + MAX_SKEW_MS)).filter(hasEnded)
      : byStart.between(from, to);
    return new Set(found.filter(isVisible));
  }

  function query(body: QueryBody): Response {
    const { page_size: size = 100, selects = ["ID"] } = body;
    if (size > MAX_PAGE || size < 1) return Response.json({ detail: "page_size" }, { status: 422 });
    const min = body.min_start_time === undefined ? now() - DAY_MS : Date.parse(body.min_start_time);
    const max = body.max_start_time === undefined ? Infinity : Date.parse(body.max_start_time);
    let found: ScriptedTrace[];
    if (body.ids) {
      requests.byId += 1;
      found = body.ids.flatMap((id) => byId.get(id) ?? []).filter(isVisible);
    } else {
      requests.list += 1;
      found =
        body.filter === undefined
          ? byStart.between(min, max + 1).filter(isVisible)
          : [...select(parseFilter(body.filter))];
    }
    found = found.filter(({ startAt }) => startAt >= min && startAt <= max);
    found.sort((a, b) => b.startAt - a.startAt || (a.id < b.id ? 1 : -1));
    const [before, lastId] = (body.cursor ?? "").split("|");
    const begin = lastId === undefined ? 0 : found.findIndex((trace) => isAfter(trace, Number(before), lastId));
    const page = begin < 0 ? [] : found.slice(begin, begin + size);
    const last = page.at(-1);
    const more = last && begin + size < found.length ? `${last.startAt}|${last.id}` : null;
    const fields = new Set(selects);
    return Response.json({ items: page.map((trace) => toRun(trace, fields)), next_cursor: more });
  }

  const answer = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname } = new URL(typeof input === "string" || input instanceof URL ? input : input.url);
    if (pathname.endsWith("/info")) return Response.json({});
    const refusal = refuse();
    if (refusal) return refusal;
    if (pathname.endsWith("/sessions")) return Response.json([{ id: PROJECT_ID, name: "tailed", tenant_id: newId() }]);
    const text = typeof init?.body === "string" ? init.body : input instanceof Request ? await input.text() : "{}";
    if (pathname.endsWith("/v2/runs/query")) return query(JSON.parse(text) as QueryBody);
    if (pathname.endsWith("/runs/stats")) {
      requests.count += 1;
      return Response.json({ run_count: select(parseFilter((JSON.parse(text) as { filter: string }).filter)).size });
    }
    const traceId = /\/v2\/traces\/([^/]+)\/runs$/.exec(pathname)?.[1];
    if (traceId === undefined) return Response.json({ detail: pathname }, { status: 404 });
    requests.read += 1;
    const trace = byId.get(traceId);
    const fields = new Set(["TRACE_ID", "NAME", "RUN_TYPE", "START_TIME", "END_TIME", "STATUS", "DOTTED_ORDER"]);
    return Response.json({ items: trace && isVisible(trace) ? [toRun(trace, fields)] : [], next_cursor: null });
  };

  return { fetch: answer as typeof fetch, traces, requests };
}

interface QueryBody {
  ids?: string[];
  min_start_time?: string;
  max_start_time?: string;
  filter?: string;
  selects?: string[];
  page_size?: number;
  cursor?: string;
}

function isAfter(trace: ScriptedTrace, startAt: number, id: string): boolean {
  return trace.startAt < startAt || (trace.startAt === startAt && trace.id < id);
}

/** Finds the traces whose time lies in `[from, to)` without looking at the others. */
function index(
  traces: readonly ScriptedTrace[],
  timeOf: (trace: ScriptedTrace) => number | null,
): { between(from: number, to: number): ScriptedTrace[] } {
  const sorted = traces.filter((trace) => timeOf(trace) !== null).sort((a, b) => (timeOf(a) ?? 0) - (timeOf(b) ?? 0));
  const times = sorted.map((trace) => timeOf(trace) ?? 0);
  const firstFrom = (at: number): number => {
    let [low, high] = [0, times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((times[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return { between: (from, to) => sorted.slice(firstFrom(from), firstFrom(to)) };
}
