import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { aSource } from "./dataset.fixture.ts";
import { createRemedy } from "./remedy.ts";
import type { Remedy } from "./remedy.ts";
import { aRemedy, BASELINE, someSources } from "./remedy.fixture.ts";
import type { RagConfig, RemedyWorld } from "./remedy.fixture.ts";

const ANA = { who: "ana", why: "reads well" };

function remedyOf({ definition, deps }: RemedyWorld): Remedy<RagConfig> {
  return createRemedy(definition, deps);
}

describe("createRemedy", () => {
  it("goes from a pattern to a fix in use, with a person's approval and every step told", async () => {
    const world = aRemedy();
    const remedy = remedyOf(world);
    const tested = await remedy.run();
    expect(tested).toMatchObject({ stage: "awaiting_approval", winner: "wider" });
    expect(tested.candidates.map(({ name, verdict }) => [name, verdict?.verdict === "PASS"])).toEqual([
      ["wider", true],
      ["same again", false],
      ["none", false],
      ["by heart", false],
    ]);
    expect(await world.deps.platform.promptRead({ name: "answer" })).toBeNull();
    expect(world.calls).toMatchObject({ asked: 1, watched: 0 });

    const used = await remedy.decide("approve", ANA);
    expect(used).toMatchObject({ stage: "watching", approval: ANA });
    expect(await world.deps.platform.promptRead({ name: "answer", tag: "production" })).toMatchObject({
      content: { topK: 6 },
    });
    expect(world.calls.watched).toBe(1);
    expect(used.history.map(({ stage, who }) => [stage, who])).toEqual([
      ["proposing", "loopsmith"],
      ["testing", "loopsmith"],
      ["awaiting_approval", "loopsmith"],
      ["promoting", "ana"],
      ["promoting", "loopsmith"],
      ["watching", "loopsmith"],
    ]);
    expect(used.history.every((event) => event.what !== "" && event.why !== "")).toBe(true);
    expect(await remedy.summary()).toContain("**PASS**");

    expect(await remedy.observePattern("resolved", "silent for 14 days")).toMatchObject({ stage: "resolved" });
  });

  it("lets a candidate that learned the visible examples by heart win the screening, and fail at the gate", async () => {
    const state = await remedyOf(aRemedy({ screen: { keep: 2 } })).run();
    const byHeart = state.candidates.find((candidate) => candidate.name === "by heart");
    expect(byHeart).toMatchObject({ screened: 1, finalist: true, origin: "proposer" });
    expect(byHeart?.verdict?.verdict).not.toBe("PASS");
    expect(state).toMatchObject({ stage: "awaiting_approval", winner: "wider" });
    expect(state.candidates.filter((candidate) => candidate.finalist)).toHaveLength(2);
    // Only the finalists share alpha.
    expect(byHeart?.verdict?.bar).toBeCloseTo(40);
  });

  it("runs to the end by itself where no approval is asked for", async () => {
    const state = await remedyOf(aRemedy({ approval: "automatic" })).run();
    expect(state).toMatchObject({ stage: "watching", approval: { who: "loopsmith" } });
  });

  it("shows its plan and cost, and writes and pays nothing for it", async () => {
    const world = aRemedy({ budgetUsd: 2, screen: { keep: 2 } });
    const plan = await remedyOf(world).plan();
    expect(plan.steps.map((step) => step.step)).toEqual([
      "dataset",
      "candidates",
      "screening",
      "testing",
      "approval",
      "promotion",
    ]);
    const testing = plan.steps.find((step) => step.step === "testing");
    expect(testing?.maxUsd).toBeCloseTo((testing?.calls ?? 0) * 0.001);
    expect(plan.maxUsd).toBe(2);
    expect(plan.warnings.join(" ")).toContain("The budget may end");
    expect(world.calls.target).toBe(0);
    expect(world.deps.platform.calls).toEqual({});
    expect(await remedyOf(world).state()).toMatchObject({ stage: "collecting", version: 0 });

    const done = await remedyOf(aRemedy({ candidates: [{ list: [{ config: { ...BASELINE, topK: 6 } }] }] })).run();
    const spent = done.candidates[0]?.verdict?.pairs ?? 0;
    expect(spent).toBeLessThan(plan.steps.at(-3)?.calls ?? 0);
  });

  it("waits for enough failures, and warns of it beforehand", async () => {
    let sources = someSources(10, 50);
    const world = aRemedy({}, { sources: async () => sources });
    const remedy = remedyOf(world);
    expect((await remedy.plan()).warnings[0]).toContain("until the gate has 20 failing examples");
    expect(await remedy.run()).toMatchObject({ stage: "collecting" });
    const again = await remedy.run();
    expect(again.history).toHaveLength(2);
    expect(world.calls.target).toBe(0);
    sources = someSources();
    expect(await remedy.run()).toMatchObject({ stage: "awaiting_approval" });
  });

  it("tests on what the dataset has gained when it was inconclusive", async () => {
    let sources = someSources(70, 200);
    const slightly = { list: [{ name: "a bit wider", config: { ...BASELINE, topK: 4 } }] };
    const world = aRemedy(
      { candidates: [slightly], gate: { slices: { names: [] } } },
      { sources: async () => sources },
    );
    const remedy = remedyOf(world);
    const first = await remedy.run();
    expect(first).toMatchObject({ stage: "inconclusive" });
    expect(first.history.at(-1)?.why).toMatch(/About \d+ more failing examples may decide it/);
    const paid = world.calls.target;
    expect(await remedy.run()).toEqual(first);
    expect(world.calls.target).toBe(paid);
    sources = someSources(400, 200);
    expect(await remedy.run()).toMatchObject({ stage: "awaiting_approval" });
  });

  it("ends when nothing passes and nothing may", async () => {
    const bad = { list: [{ name: "none", config: { ...BASELINE, topK: 0 } }] };
    expect(await remedyOf(aRemedy({ candidates: [bad] })).run()).toMatchObject({ stage: "not_fixed", winner: null });
    const nothing = await remedyOf(aRemedy({ candidates: [{ list: [{ config: BASELINE }] }] })).run();
    expect(nothing).toMatchObject({ stage: "not_fixed", candidates: [] });
  });

  it("defers at its budget and goes on with a larger one, paying only the rest", async () => {
    const world = aRemedy({ budgetUsd: 0.1 });
    const first = await remedyOf(world).run();
    expect(first).toMatchObject({ stage: "testing", deferred: expect.stringContaining("budget") });
    const calls = world.calls.target;
    const rich = createRemedy({ ...world.definition, budgetUsd: 10 }, world.deps);
    expect(await rich.run()).toMatchObject({ stage: "awaiting_approval", deferred: null, winner: "wider" });
    const whole = aRemedy({ budgetUsd: 10 });
    await remedyOf(whole).run();
    expect(calls).toBeGreaterThan(20);
    expect(world.calls.target).toBe(whole.calls.target);
  });

  it("comes to the same when it dies before any of its writes", async () => {
    const whole = aRemedy({ approval: "automatic", screen: { keep: 3 } });
    const expected = await remedyOf(whole).run();
    for (let death = 1; death <= expected.version; death += 1) {
      const world = aRemedy({ approval: "automatic", screen: { keep: 3 } });
      const { store } = world.deps;
      let writes = 0;
      const dying: typeof store = {
        ...store,
        async remedyWrite(params) {
          if (++writes === death) throw new Error("killed");
          return store.remedyWrite(params);
        },
      };
      const killed = createRemedy(world.definition, { ...world.deps, store: dying }).run();
      await killed.catch((error: unknown) => expect(String(error)).toContain("killed"));
      const state = await remedyOf(world).run();
      expect(state.stage).toBe(expected.stage);
      expect(state.candidates.map(({ verdict }) => verdict?.explanation)).toEqual(
        expected.candidates.map(({ verdict }) => verdict?.explanation),
      );
      expect(state.promoted).toEqual(expected.promoted);
      expect(world.calls.target).toBe(whole.calls.target);
    }
  });

  it("can be rejected, and not approved afterwards", async () => {
    const remedy = remedyOf(aRemedy());
    await remedy.run();
    expect(await remedy.decide("reject", { who: "ben", why: "too expensive" })).toMatchObject({ stage: "rejected" });
    const caught: unknown = await remedy.decide("approve", ANA).catch((error: unknown) => error);
    expect(LoopsmithError.isInstance(caught) && caught.code).toBe("conflict");
    await expect(remedy.decide("roll_back", ANA)).rejects.toMatchObject({ code: "conflict" });
    expect((await remedy.state()).history.at(-1)).toMatchObject({ who: "ben", why: "too expensive" });
  });

  it("lets one of two who act at once through", async () => {
    const world = aRemedy();
    await remedyOf(world).run();
    const both = await Promise.allSettled([
      remedyOf(world).decide("approve", ANA),
      remedyOf(world).decide("reject", ANA),
    ]);
    expect(both.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  it("takes a promotion back by hand, or by itself when the pattern comes back", async () => {
    for (const byItself of [false, true]) {
      const world = aRemedy({ approval: "automatic", rollBackOnRegression: byItself });
      const { platform } = world.deps;
      const { commit } = await platform.promptCommit({
        name: "answer",
        content: { prompt: "Answer.", topK: 2 },
        description: "",
      });
      await platform.promptTag({ name: "answer", commit, tag: "production" });
      const remedy = remedyOf(world);
      await remedy.run();
      const regressed = await remedy.observePattern("regressed", "the rate is back");
      expect(regressed.stage).toBe(byItself ? "rolled_back" : "regressed");
      if (!byItself) await remedy.decide("roll_back", ANA);
      expect(await platform.promptRead({ name: "answer", tag: "production" })).toMatchObject({ content: { topK: 2 } });
    }
  });

  it("tries a promotion again after an outage, without testing again", async () => {
    let away = true;
    const world = aRemedy({
      approval: "automatic",
      promote: {
        kind: "flag",
        async promote(promotion) {
          if (away) throw new LoopsmithError("unavailable", "The flag service is away.", { hint: "Later." });
          return { reference: promotion.id, details: {} };
        },
      },
    });
    const remedy = remedyOf(world);
    expect(await remedy.run()).toMatchObject({
      stage: "promoting",
      deferred: "The flag service is away.",
      promoted: null,
    });
    const paid = world.calls.target;
    away = false;
    expect(await remedy.run()).toMatchObject({ stage: "watching", deferred: null });
    expect(world.calls.target).toBe(paid);
  });
});

describe("a remedy with a canary", () => {
  const serve = async (remedy: Remedy<RagConfig>, rates: Record<"baseline" | "candidate", number>): Promise<string> => {
    for (let batch = 0; batch < 200; batch += 1) {
      const outcomes = [];
      for (let unit = batch * 50; unit < batch * 50 + 50; unit += 1) {
        const { arm, share, config } = await remedy.assign(`trace-${unit}`);
        expect(config.topK).toBe(arm === "candidate" ? 6 : 2);
        const failed = ((unit * 2654435761) % 1000) / 1000 < rates[arm];
        outcomes.push({ unit: `trace-${unit}`, share, failed, at: unit });
      }
      const { stage } = await remedy.observeTraffic(outcomes);
      if (stage !== "canary") return stage;
    }
    return "canary";
  };

  it("promotes what does well live, and only then", async () => {
    const world = aRemedy({ approval: "automatic", canary: {} });
    const remedy = remedyOf(world);
    expect(await remedy.run()).toMatchObject({ stage: "canary", promoted: null });
    expect(await serve(remedy, { baseline: 0.3, candidate: 0.05 })).toBe("watching");
    const state = await remedy.state();
    expect(state.canary).toMatchObject({ status: "promoted" });
    expect(state.history.map((event) => event.what).join("\n")).toContain("The canary ended: promoted.");
  });

  it("takes back what does badly live, although it passed the gate", async () => {
    const world = aRemedy({ approval: "automatic", canary: {} });
    const remedy = remedyOf(world);
    await remedy.run();
    expect(await serve(remedy, { baseline: 0.1, candidate: 0.4 })).toBe("rolled_back");
    expect(await world.deps.platform.promptRead({ name: "answer" })).toBeNull();
    expect(await remedy.assign("anything")).toMatchObject({ arm: "baseline", share: 0 });
  });
});

describe("a remedy's dataset", () => {
  it("keeps the notes a proposer gets to visible examples", async () => {
    const notes = Array.from({ length: 200 }, (_, index) => ({
      traceId: `trace-${index}`,
      outputs: null,
      key: "correct",
      score: 0,
      comment: `note on trace-${index}`,
      attribution: null,
    }));
    let seen: string[] = [];
    let visible: string[] = [];
    const world = aRemedy(
      {
        candidates: [
          {
            async propose({ failures, examples }) {
              seen = failures.map((failure) => failure.comment ?? "");
              visible = examples.list().map((example) => `note on ${example.sourceTraceId}`);
            },
          },
        ],
      },
      { notes: async () => notes, sources: async () => [...someSources(), aSource(1, true)] },
    );
    await remedyOf(world).run();
    expect(seen.length).toBeGreaterThan(50);
    expect(seen.every((note) => visible.includes(note))).toBe(true);
  });
});
