import { newId } from "../../src/model/id.ts";

export interface FakeLangSmithOptions {
  /** The simulated time, epoch ms. */
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Requests taken in ten seconds; the next are answered 429 with Retry-After. @default 1_000 */
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
  /** `null`: the root never ends. */
  endAt: number | null;
  /** From when on the API shows it. */
  visibleAt: number;
}

export interface FakeLangSmith {
  fetch: typeof fetch;
  add(trace: Omit<ScriptedTrace, "id">): string;
  traces: readonly ScriptedTrace[];
  requests: { list: number; byId: number; read: number; refused: number; failed: number };
}

const PROJECT_ID = "00000000-0000-4000-8000-00000000face";

/**
 * Plays LangSmith's v2 API for one project: runs in order of start time, newest first, pages of at most 100, cursors by
 * (start time, id), a quota in ten-second windows. It knows only what `visibleAt` lets it show.
 */
export function fakeLangSmith(options: FakeLangSmithOptions): FakeLangSmith {
  const { now, random, requestsPer10s = 1_000, failing = 0, outages = [] } = options;
  const traces: ScriptedTrace[] = [];
  const byId = new Map<string, ScriptedTrace>();
  const requests = { list: 0, byId: 0, read: 0, refused: 0, failed: 0 };
  let window = { number: -1, taken: 0 };
  let sorted = true;

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

  function toRun(trace: ScriptedTrace): object {
    const ended = trace.endAt !== null && trace.endAt <= now();
    return {
      id: trace.id,
      trace_id: trace.id,
      name: "ask",
      run_type: "chain",
      start_time: new Date(trace.startAt).toISOString(),
      ...(ended ? { end_time: new Date(trace.endAt ?? 0).toISOString() } : {}),
      status: ended ? "success" : "pending",
      dotted_order: `20261101T000000000000Z${trace.id}`,
      project_id: PROJECT_ID,
      inputs: {},
      outputs: {},
    };
  }

  function query(body: {
    ids?: string[];
    min_start_time?: string;
    max_start_time?: string;
    cursor?: string;
  }): Response {
    if (body.ids) {
      requests.byId += 1;
      const found = body.ids.map((id) => byId.get(id)).filter((trace) => trace && trace.visibleAt <= now());
      return Response.json({ items: found.map((trace) => toRun(trace as ScriptedTrace)), next_cursor: null });
    }
    requests.list += 1;
    if (!sorted) traces.sort((a, b) => b.startAt - a.startAt || (a.id < b.id ? 1 : -1));
    sorted = true;
    const min = Date.parse(body.min_start_time ?? "");
    const max = body.max_start_time === undefined ? Infinity : Date.parse(body.max_start_time);
    const [before = Infinity, lastId = ""] =
      (body.cursor?.split("|").map((part, index) => (index === 0 ? Number(part) : part)) as
        | [number?, string?]
        | undefined) ?? [];
    const page: ScriptedTrace[] = [];
    for (let at = firstAtOrBelow(traces, Math.min(before, max)); at < traces.length; at += 1) {
      const trace = traces[at] as ScriptedTrace;
      if (trace.startAt < min) break;
      if (trace.visibleAt > now() || (trace.startAt === before && trace.id >= lastId)) continue;
      page.push(trace);
      if (page.length === 100) break;
    }
    const last = page.at(-1);
    const more = page.length === 100 && last ? `${last.startAt}|${last.id}` : null;
    return Response.json({ items: page.map(toRun), next_cursor: more });
  }

  const answer = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/info")) return Response.json({});
    const refusal = refuse();
    if (refusal) return refusal;
    if (pathname.endsWith("/sessions")) return Response.json([{ id: PROJECT_ID, name: "tailed", tenant_id: newId() }]);
    if (pathname.endsWith("/v2/runs/query")) return query((await request.json()) as Parameters<typeof query>[0]);
    const traceId = /\/v2\/traces\/([^/]+)\/runs$/.exec(pathname)?.[1];
    if (traceId === undefined) return Response.json({ detail: pathname }, { status: 404 });
    requests.read += 1;
    const trace = byId.get(traceId);
    return Response.json({ items: trace && trace.visibleAt <= now() ? [toRun(trace)] : [], next_cursor: null });
  };

  return {
    fetch: answer as typeof fetch,
    add(trace) {
      const scripted = { ...trace, id: newId() };
      traces.push(scripted);
      byId.set(scripted.id, scripted);
      sorted = false;
      return scripted.id;
    },
    traces,
    requests,
  };
}

/** Index of the newest trace that began at or before `at`; the list is newest first. */
function firstAtOrBelow(traces: readonly ScriptedTrace[], at: number): number {
  let [low, high] = [0, traces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((traces[middle] as ScriptedTrace).startAt > at) low = middle + 1;
    else high = middle;
  }
  return low;
}
