import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  defineConversationEvaluator,
  type ConversationDefinition,
  type ConversationInput,
} from "../src/evaluator/index.ts";
import { createEmitter, type LoopEvents } from "../src/loop/events.ts";
import { conversationLedger } from "../src/loop/judge/enrol-conversation.ts";
import { createConversationJudge } from "../src/loop/judge/judge-conversations.ts";
import { createJudge } from "../src/loop/judge/judge-due.ts";
import { LINEAGE_KEY, openLineage } from "../src/loop/judge/lineage.ts";
import { openLoop, type OpenLoop } from "../src/loop/open-loop.ts";
import type { FeedbackLoopOptions } from "../src/loop/options.ts";
import { resolveOptions } from "../src/loop/resolve-options.ts";
import { sweep } from "../src/loop/tail/sweep.ts";
import type { Delivery } from "../src/model/delivery.ts";
import { LoopsmithError } from "../src/model/errors.ts";
import type { SpanWrite } from "../src/model/span-write.ts";
import type { Verdict } from "../src/model/verdict.ts";
import type { LedgerRow } from "../src/store/resource/ledger.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../src/store/store.ts";
import { childWrite, json, rootWrite, START } from "./contract/span-writes.ts";

const IDLE_MS = 1_000;
const HOUR_MS = 3_600_000;

interface Setting extends AsyncDisposable {
  clock: { now: number };
  store: Store;
  /** How often the evaluator was asked. */
  calls: () => number;
  /** What the loop said went wrong. */
  told: string[];
  verdicts: Verdict[];
  failures: LoopEvents["failure:detected"][];
  /** Judges what is due now, once. */
  round(stopping?: AbortSignal): Promise<void>;
  row(threadId: string): Promise<LedgerRow | null>;
}

/** A loop with one conversation evaluator over these spans, judged up to the threads. */
async function setting(
  spans: readonly SpanWrite[],
  evaluate: ConversationDefinition["evaluate"],
  options: Partial<FeedbackLoopOptions> = {},
  broken: (loop: OpenLoop) => Partial<OpenLoop> = () => ({}),
): Promise<Setting> {
  const clock = { now: START + 1_000 };
  const path = join(mkdtempSync(join(tmpdir(), "loopsmith-rules-")), "r.db");
  const store = await sqliteStore({ path, now: () => clock.now });
  await store.spanIngest({ spans });
  let called = 0;
  const evaluator = defineConversationEvaluator({
    name: "solved",
    idleMs: IDLE_MS,
    evaluate(input) {
      called += 1;
      return evaluate(input);
    },
  });
  const client = { store, subscribe: () => () => {} };
  const declared: FeedbackLoopOptions = {
    client,
    projectName: "contract",
    evaluator,
    threshold: 0.5,
    settleMs: 0,
    concurrency: 1,
    ...options,
  };
  const resolved = resolveOptions(declared);
  const loop = await openLoop(declared, resolved);
  const projectId = await loop.platform.projectId({ name: "contract" });
  const emitter = createEmitter();
  const told: string[] = [];
  const verdicts: Verdict[] = [];
  const failures: Setting["failures"] = [];
  emitter.on("error", ({ error }) => told.push(String(error)));
  emitter.on("conversation:judged", ({ verdict }) => verdicts.push(verdict));
  emitter.on("failure:detected", (event) => failures.push(event));
  const deps = { ...loop, projectId, options: resolved, emitter, onDeliveries: () => undefined };
  const judge = createJudge(deps);
  const converse = createConversationJudge({ ...deps, ...broken(loop) });
  const { signal } = new AbortController();
  await sweep(deps, { startFrom: 0 });
  while ((await judge(signal)) > 0);
  clock.now += IDLE_MS;
  return {
    clock,
    store,
    calls: () => called,
    told,
    verdicts,
    failures,
    round: async (stopping) => void (await converse(signal, stopping && { stopping })),
    row: (threadId) => store.ledgerGet({ loopId: conversationLedger(loop.loopId, evaluator), traceId: threadId }),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

function turn(threadId: string, over: Partial<SpanWrite> = {}): SpanWrite {
  const metadata = { session_id: threadId };
  return rootWrite({ threadId, metadata, extra: json({ metadata }), ...over });
}

/** As a provider's own client throws it. */
function status(code: number, message: string): Error {
  return Object.assign(new Error(`${code} ${message}`), { status: code });
}

const away = new LoopsmithError("unavailable", "the database is away", { hint: "Wait." });

describe("a conversation is judged by the rules of a trace", () => {
  it("pauses an evaluator whose provider refuses the key, and loses no attempt", async () => {
    let says: Error | null = status(401, "Incorrect API key provided");
    const threads = Array.from({ length: 5 }, (_, i) => `t${i}`);
    const evaluate = (): number => {
      if (says) throw says;
      return 1;
    };
    await using at = await setting(
      threads.map((id) => turn(id)),
      evaluate,
      { maxAttempts: 1 },
    );
    await at.round();
    expect(at.calls()).toBe(1);
    expect(at.told.filter((message) => message.includes('the evaluator "solved" is paused'))).toHaveLength(1);
    for (const id of threads) expect(await at.row(id)).toMatchObject({ state: "deferred", attempts: 0 });
    says = null;
    at.clock.now += 31_000;
    await at.round();
    expect(at.verdicts.map(({ outcome }) => outcome)).toEqual(threads.map(() => "pass"));
  });

  it("waits for a provider that is busy without losing an attempt", async () => {
    let refusals = 2;
    const evaluate = (): number => {
      refusals -= 1;
      if (refusals >= 0) throw status(429, "slow down");
      return 1;
    };
    await using at = await setting([turn("t")], evaluate, { maxAttempts: 1 });
    for (let round = 0; round < 3; round += 1) {
      await at.round();
      expect((await at.row("t"))?.attempts).toBe(0);
      at.clock.now += 1_000;
    }
    expect(at.verdicts).toMatchObject([{ outcome: "pass" }]);
  });

  it("waits ever longer between attempts, an hour at most, and says at the end what was wrong", async () => {
    const evaluate = (): number => {
      throw new Error("no idea");
    };
    await using at = await setting([turn("t")], evaluate, { maxAttempts: 4, retryMs: HOUR_MS / 2 });
    const pauses: number[] = [];
    for (let attempt = 1; attempt < 4; attempt += 1) {
      await at.round();
      const row = await at.row("t");
      expect(row?.attempts).toBe(attempt);
      pauses.push((row?.dueAt ?? 0) - at.clock.now);
      at.clock.now = row?.dueAt ?? 0;
    }
    expect(pauses).toEqual([HOUR_MS / 2, HOUR_MS, HOUR_MS]);
    await at.round();
    expect(at.verdicts).toMatchObject([{ outcome: "error", failedEvaluators: ["solved"] }]);
    expect(at.verdicts[0]?.comment).toContain("no idea");
  });

  it("waits for the next window when the budget is used up", async () => {
    const budgets = [{ evaluator: "solved", per: "hour", calls: 1 }] as const;
    await using at = await setting([turn("a"), turn("b")], () => 1, { budgets });
    await at.round();
    expect(at.calls()).toBe(1);
    const states = (await Promise.all([at.row("a"), at.row("b")])).map((row) => row?.state);
    expect(new Set(states)).toEqual(new Set(["decided", "deferred"]));
    at.clock.now += HOUR_MS;
    await at.round();
    expect(at.verdicts).toHaveLength(2);
  });

  it("keeps what onFailure threw last as the verdict's comment", async () => {
    const onFailure = (): null => {
      throw new Error("no queue");
    };
    await using at = await setting([turn("t")], () => ({ score: 0, comment: "rude" }), { onFailure, maxAttempts: 2 });
    await at.round();
    at.clock.now += HOUR_MS;
    await at.round();
    expect(at.verdicts).toMatchObject([{ outcome: "fail", comment: "onFailure: no queue" }]);
    expect(at.told).toHaveLength(2);
  });

  it("says what a judge of blame threw", async () => {
    const judge = (): Promise<null> => Promise.reject(new Error("no model"));
    const root = turn("t");
    const spans = [root, childWrite(root, { error: "boom" })];
    await using at = await setting(spans, () => 0, { blame: { judge } });
    await at.round();
    expect(at.verdicts).toMatchObject([{ outcome: "fail" }]);
    expect(at.told).toEqual([expect.stringContaining("blame.judge: no model")]);
  });

  it("gives its evaluator the signed mark, and shows it nothing that carries one", async () => {
    const inputs: ConversationInput[] = [];
    const [own, theirs] = [turn("t", { startAt: START + 10 }), turn("t")];
    const evaluate = (input: ConversationInput): number => inputs.push(input);
    await using at = await setting([own, theirs], evaluate, { scoreRange: [0, 9] });
    const lineage = await openLineage(at.store, null);
    // It comes when its trace is on the list already.
    const metadata = { [LINEAGE_KEY]: lineage.sign(theirs.id) };
    await at.store.spanIngest({ spans: [childWrite(own, { metadata, extra: json({ metadata }) })] });
    await at.round();
    expect(inputs.map(({ traces }) => traces.map(({ id }) => id))).toEqual([[theirs.id]]);
    const mark = inputs[0]?.lineage ?? "";
    const traced = rootWrite({ startAt: at.clock.now, metadata: { [LINEAGE_KEY]: mark } });
    await at.store.spanIngest({ spans: [traced] });
    const [trace] = await at.store.traceRead({ traceIds: [traced.id] });
    expect(lineage.isOwn(trace!)).toBe(true);
  });

  it("does not pay again because the database was away when the verdict was to be written", async () => {
    let refusals = 1;
    const brokenStore = ({ store }: OpenLoop): Partial<OpenLoop> => ({
      store: {
        ...store,
        verdictRecord: (params) => (refusals-- > 0 ? Promise.reject(away) : store.verdictRecord(params)),
      },
    });
    await using at = await setting([turn("t")], () => 1, {}, brokenStore);
    await at.round();
    expect(at.calls()).toBe(1);
    expect(at.verdicts).toMatchObject([{ outcome: "pass" }]);
  });

  it("gives back a thread that cannot be read at the moment, and judges the others", async () => {
    const [unreadable, fine] = [turn("a"), turn("b")];
    const broken = ({ platform }: OpenLoop): Partial<OpenLoop> => ({
      platform: {
        ...platform,
        traceRead: (params) =>
          params.heads.some(({ traceId }) => traceId === unreadable.id)
            ? Promise.reject(away)
            : platform.traceRead(params),
      },
    });
    await using at = await setting([unreadable, fine], () => 1, {}, broken);
    await expect(at.round()).rejects.toBe(away);
    expect(at.verdicts).toMatchObject([{ traceId: "b", outcome: "pass" }]);
    expect(await at.row("a")).toMatchObject({ attempts: 0, leaseUntil: null, dueAt: at.clock.now + 5_000 });
  });

  it("tells of what onFailure asked for, beside scores that travel as deliveries", async () => {
    const onFailure = () => ({ action: "tag", tag: "rude" }) as const;
    const elsewhere = ({ platform }: OpenLoop): Partial<OpenLoop> => ({ platform: { ...platform, store: null } });
    await using at = await setting([turn("t")], () => 0, { onFailure }, elsewhere);
    await at.round();
    const kindsOf = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ action }) => action.action);
    expect(at.failures.map(({ deliveries }) => kindsOf(deliveries))).toEqual([["tag"]]);
    const queued = await at.store.deliveryList({ limit: 9 });
    expect(new Set(kindsOf(queued))).toEqual(new Set(["create_feedback", "tag"]));
  });

  it("is begun no more once the worker stops, and left to whoever comes next", async () => {
    const stopping = new AbortController();
    const threads = ["t0", "t1", "t2"];
    const evaluate = (): number => {
      stopping.abort();
      return 1;
    };
    await using at = await setting(
      threads.map((thread) => turn(thread)),
      evaluate,
    );
    await at.round(stopping.signal);
    expect(at.calls()).toBe(1);
    expect(at.verdicts).toHaveLength(1);
    const rows = await Promise.all(threads.map((thread) => at.row(thread)));
    expect(rows.map((row) => row?.leaseUntil)).toEqual([null, null, null]);
    expect(rows.filter((row) => row?.state === "deferred" && row.attempts === 0)).toHaveLength(2);
    await at.round();
    expect(at.verdicts).toHaveLength(3);
  });

  it("is judged although one of its traces never ends", async () => {
    const spans = [turn("t", { endAt: null }), turn("t")];
    await using at = await setting(spans, () => 1, { maxOpenMs: 500 });
    await at.round();
    expect(at.verdicts).toMatchObject([{ outcome: "pass" }]);
  });
});
