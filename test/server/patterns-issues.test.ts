import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProgram } from "../../src/cli/program.ts";
import { createFeedbackLoop, type FeedbackLoop } from "../../src/loop.ts";
import type { IssueEvent } from "../../src/model/issue.ts";
import { createServer, type Server } from "../../src/server/index.ts";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { childWrite, json, rootWrite } from "../contract/span-writes.ts";

const KEY = "secret-key";
const TRACES = 120;

describe("patterns and issues over HTTP, the SDK and the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "loopsmith-patterns-"));
  const born: IssueEvent[] = [];
  let store: Store;
  let server: Server;
  let loop: FeedbackLoop;

  beforeAll(async () => {
    store = await sqliteStore({ path: join(folder, "loopsmith.db") });
    server = createServer({ store, apiKey: KEY });
    const now = Date.now();
    // The beta tier fails when its search fails.
    const spans = Array.from({ length: TRACES }, (_, index) => {
      const at = now - 3_600_000 + index * 10_000;
      const beta = index % 4 === 0;
      const bad = beta && index % 8 !== 0;
      const metadata = { tier: beta ? "beta" : "stable" };
      const root = rootWrite({
        startAt: at,
        endAt: at + 1000,
        metadata,
        extra: json({ metadata }),
        outputs: json({ good: bad || index % 30 === 1 ? "n" : "y" }),
      });
      const child = childWrite(root, {
        name: "search",
        kind: "tool",
        startAt: at + 1,
        endAt: at + 500,
        ...(bad && { status: "error" as const, error: "no index" }),
      });
      return [root, child];
    }).flat();
    await store.spanIngest({ spans });
    loop = createFeedbackLoop({
      client: server,
      projectName: "contract",
      evaluator: (run: { outputs?: Record<string, unknown> }) => ({
        key: "good",
        score: run.outputs?.["good"] === "y",
      }),
      threshold: 0.5,
      settleMs: 0,
      alerts: [
        { name: "slo", condition: { kind: "failure_rate", baseline: 0.02 }, destinations: ["team"] },
        { name: "late", condition: { kind: "lag", aboveMs: 3_600_000 } },
      ],
      destinations: {
        team: { kind: "test", recording: false, deliver: () => Promise.resolve({ status: "delivered" }) },
      },
      onFailure: () => [
        { action: "add_to_annotation_queue", queueName: "review" },
        { action: "add_to_dataset", datasetName: "regressions" },
      ],
    });
    loop.on("pattern:new", ({ event }) => born.push(event));
    await loop.runOnce();
  });

  afterAll(async () => {
    await loop.stop();
    await store.close();
  });

  const run = async (...args: string[]): Promise<string> => {
    const lines: string[] = [];
    const terminal = { out: (text: string) => lines.push(text), err: () => {}, interactive: false };
    await createProgram(terminal, { LOOPSMITH_DATA_DIR: folder }).parseAsync(["node", "loopsmith", ...args]);
    return lines.join("\n");
  };

  const call = async <T>(path: string, body?: unknown): Promise<{ status: number; body: T }> => {
    const response = await server.fetch(`http://localhost${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "x-api-key": KEY, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  };
  interface Listed {
    patterns: { id: string; sentence: string; query: { filter: string | null; treeFilter: string | null } }[];
    failures: number;
    passes: number;
  }

  it("need the key like everything else", async () => {
    for (const path of ["loops", "patterns", "patterns/x", "issues", "issues/x", "alerts", "alerts/slo/preview"]) {
      expect((await server.fetch(`http://localhost/api/loopsmith/${path}`)).status).toBe(401);
    }
  });

  it("list, restrict and explain, and the query lists the very traces", async () => {
    const { body: loops } = await call<{ loops: { name: string }[] }>("/api/loopsmith/loops");
    expect(loops.loops).toMatchObject([{ name: "contract", project: "contract" }]);
    const { body } = await call<Listed>("/api/loopsmith/patterns?window=24h");
    const pattern = body.patterns.find(({ query }) => query.treeFilter !== null);
    expect(pattern?.sentence).toMatch(/% of failures have .*tool:search|% of failures have tool error/);
    const { body: one } = await call<{ exemplars: { culprit: string }[]; pattern: { id: string; failing: number } }>(
      `/api/loopsmith/patterns/${pattern?.id.slice(0, 8) ?? ""}`,
    );
    expect(one.exemplars).toHaveLength(5);
    expect(one.exemplars[0]?.culprit).toBe("search");
    const { body: sessions } = await call<{ id: string }[]>("/sessions?name=contract");
    const { body: found } = await call<{ runs: { id: string }[] }>("/runs/query", {
      session: [sessions[0]?.id],
      is_root: true,
      limit: 100,
      ...(pattern?.query.filter && { filter: pattern.query.filter }),
      tree_filter: pattern?.query.treeFilter,
    });
    expect(found.runs).toHaveLength(one.pattern.failing);

    const { body: beta } = await call<Listed>("/api/loopsmith/patterns?where=metadata.tier%3Dbeta");
    expect(beta.failures + beta.passes).toBe(TRACES / 4);
    expect((await call("/api/loopsmith/patterns?where=beta")).status).toBe(400);
    expect((await call("/api/loopsmith/patterns/zzz")).status).toBe(404);
    expect((await call("/api/loopsmith/patterns?loop=other")).status).toBe(404);
  });

  it("follow what is found with its traces, culprit, queue items and dataset, and let people act on it", async () => {
    expect(born.length).toBeGreaterThan(0);
    const { body } = await call<{ issues: { id: string; links: { kind: string; id: string }[] }[] }>(
      "/api/loopsmith/issues?state=candidate",
    );
    const issue = body.issues.find(({ links }) => links.some(({ kind }) => kind === "culprit"));
    const kinds = new Set(issue?.links.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["culprit", "dataset", "queue_item", "trace"]);
    const item = issue?.links.find(({ kind }) => kind === "queue_item");
    const [queue] = await store.queueList({ name: "review", limit: 1, offset: 0 });
    const items = await store.queueItemList({ queueId: queue?.id ?? "", limit: 100, offset: 0 });
    expect(items.map(({ id }) => id)).toContain(item?.id);

    const path = `/api/loopsmith/issues/${issue?.id ?? ""}`;
    const act = async (action: unknown) => (await call<{ issue: unknown }>(path, { who: "ana", action })).body.issue;
    expect(await act({ do: "assign", to: "bo" })).toMatchObject({ assignee: "bo" });
    expect(await act({ do: "note", text: "index is gone" })).toMatchObject({ note: "index is gone" });
    expect(await act({ do: "mute", why: "known" })).toMatchObject({ muted: { until: null, why: "known" } });
    expect((await call(path, { action: { do: "mute", until: 1 } })).status).toBe(400);
    await run("issues", issue?.id ?? "", "--mute", "2h");
    const later = await loop.issues().then((all) => all.find(({ id }) => id === issue?.id));
    expect(later?.muted?.until).toBeGreaterThan(Date.now() + 7_000_000);
    expect(await act({ do: "unmute" })).toMatchObject({ muted: null });
    expect(await act({ do: "link", link: { kind: "experiment", id: "exp-1" } })).toMatchObject({
      links: expect.arrayContaining([expect.objectContaining({ kind: "experiment", id: "exp-1" })]) as unknown,
      history: expect.arrayContaining([expect.objectContaining({ who: "ana" })]) as unknown,
    });
    expect((await call(path, { who: "ana", action: { do: "explode" } })).status).toBe(400);
    expect((await call(path, { action: { do: "unmute" } })).status).toBe(400);
    const { body: shown } = await call<{ rate: { rate: number }; exemplars: unknown[]; query: unknown }>(path);
    expect(shown).toMatchObject({ rate: { low: 0 }, query: expect.anything() as unknown });
    expect(shown.exemplars).toHaveLength(5);
    // The SDK sees the same.
    expect(await loop.issue(issue?.id.slice(0, 10) ?? "")).toMatchObject({
      issue: { assignee: "bo" },
      query: shown.query,
    });
  });

  it("show alert rules, try them on the past and send tests, over HTTP and on the command line", async () => {
    const { body } = await call<{ alerts: { rule: { name: string }; phase: string }[] }>("/api/loopsmith/alerts");
    expect(body.alerts.map(({ rule, phase }) => `${rule.name} ${phase}`)).toEqual(["slo firing", "late ok"]);
    expect(body.alerts).toEqual(await loop.alerts());
    expect(await run("alerts")).toMatch(/slo +failure_rate +firing +\S+ +1 +team\nlate +lag +ok/);

    const preview = (await call<{ fired: number }>("/api/loopsmith/alerts/slo/preview?since=2h")).body;
    expect(preview).toMatchObject({ rule: "slo", fired: 1, notifications: [{ kind: "fired" }] });
    expect(JSON.parse(await run("alerts", "--preview", "slo", "--since", "2h", "--json"))).toMatchObject({ fired: 1 });
    expect(await run("alerts", "--preview", "slo", "--since", "2h")).toMatch(
      /would have fired 1 times[\s\S]*slo fires/,
    );
    await expect(run("alerts", "--preview", "late")).rejects.toThrow(/cannot be tried on the past/);
    expect((await call("/api/loopsmith/alerts/late/preview")).status).toBe(400);

    const tested = await call<{ deliveries: { id: string; state: string }[] }>("/api/loopsmith/alerts/slo/test", {});
    const [queued] = (JSON.parse(await run("alerts", "--test", "slo", "--json")) as typeof tested.body).deliveries;
    expect(await run("alerts", "--test", "late")).toMatch(/nobody to tell/);
    const ids = [tested.body.deliveries[0]?.id, queued?.id];
    await loop.runOnce();
    const sent = (await loop.deliveries({ states: ["delivered"], limit: 1000 })).map(({ id }) => id);
    expect(sent).toEqual(expect.arrayContaining(ids));
    expect((await call("/api/loopsmith/alerts/none/test", {})).status).toBe(404);
    await expect(run("alerts", "--test", "none")).rejects.toMatchObject({
      code: "not_found",
      hint: "There are: slo, late.",
    });
  });

  it("mute, unmute and relearn an alert rule, from the SDK, over HTTP and on the command line", async () => {
    const mutedOf = async (): Promise<unknown[]> => (await loop.alerts()).map(({ muted }) => muted);
    const until = Date.now() + 3_600_000;
    const muted = await call<{ alert: unknown }>("/api/loopsmith/alerts/slo", {
      action: { do: "mute", until, why: "deploy" },
    });
    expect(muted.body.alert).toMatchObject({ rule: { name: "slo" }, muted: { until, why: "deploy" } });
    // A round of learning keeps it.
    await loop.runOnce();
    expect(await mutedOf()).toEqual([{ until, why: "deploy" }, null]);
    expect(await run("alerts", "--unmute", "slo", "--mute", "late")).toMatch(
      /slo +failure_rate +\w+ [\s\S]*late +lag +ok, muted/,
    );
    expect(await mutedOf()).toEqual([null, { until: null, why: "" }]);
    expect(await loop.actOnAlert("late", { do: "unmute" })).toMatchObject({ muted: null });

    expect((await call("/api/loopsmith/alerts/slo", { action: { do: "mute", until: 1 } })).status).toBe(400);
    expect((await call("/api/loopsmith/alerts/none", { action: { do: "unmute" } })).status).toBe(404);
    await expect(run("alerts", "--until", "2030-01-01")).rejects.toThrow(/nothing is muted/);
    const before = (await loop.alerts())[0];
    expect(await loop.actOnAlert("slo", { do: "relearn" })).toMatchObject({ phase: "learning", fired: before?.fired });
  });

  it("are the same on the command line", async () => {
    const listed = await run("patterns", "--window", "24h");
    expect(listed).toMatch(/id +failing +passing +risk ratio +q +pattern/);
    const [id = ""] = /^[0-9a-f]{8}/m.exec(listed) ?? [];
    const shown = await run("patterns", "--explain", id);
    expect(shown).toMatch(/risk ratio .* \(95% .* to .*\), p/);
    expect(shown).toMatch(/LangSmith query|no LangSmith query/);
    expect(JSON.parse(await run("patterns", "--explain", id, "--json"))).toMatchObject({ exemplars: { length: 5 } });
    const restricted = JSON.parse(await run("patterns", "--where", "metadata.tier=stable", "--json")) as Listed;
    expect(restricted.failures + restricted.passes).toBe((TRACES * 3) / 4);

    const issues = (await loop.issues()).map((issue) => issue.id);
    const first = issues[0] ?? "";
    expect(await run("issues", "--window", "24h")).toContain(first.slice(0, 8));
    expect(JSON.parse(await run("issues", "--where", "no.such=1", "--json"))).toMatchObject({ issues: [] });
    expect(await run("issues", first, "--explain", "--note", "seen", "--link", "url:https://example.com/1")).toMatch(
      /note: seen[\s\S]*url https:\/\/example\.com\/1[\s\S]*rate .* exposed runs/,
    );
    await expect(run("issues", first, "--link", "what")).rejects.toThrow(/no link/);
    if (issues[1] !== undefined) {
      await run("issues", issues[1], "--merge", first);
      expect(await run("issues")).not.toContain(issues[1].slice(0, 8));
    }
  });

  it("list loops and retire one, over HTTP and on the command line", async () => {
    expect(await run("loops")).toMatch(/^loop +project[^]*contract +contract/);
    expect((await call("/api/loopsmith/loops/none/retire", {})).status).toBe(404);
    await expect(run("loops", "--retire", "none")).rejects.toMatchObject({ code: "not_found" });
    expect(JSON.parse(await run("loops", "--retire", "contract", "--json"))).toMatchObject({ retired: "contract" });
    expect((await call<{ loops: unknown[] }>("/api/loopsmith/loops")).body.loops).toEqual([]);
    expect((await call<{ loops: unknown[] }>("/healthz")).body.loops).toEqual([]);
    const again = await call<{ loop: string; traces: number }>("/api/loopsmith/loops/contract/retire", {});
    expect(again.body).toEqual({ loop: "contract", traces: 0, deliveries: 0 });
    expect(await run("loops")).toMatch(/contract +contract +\S+ +20\d\d-/);
  });
});
