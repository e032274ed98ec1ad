import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomSource } from "../internal/random.ts";
import { assignCanary, endCanary, observeCanary, startCanary } from "./canary.ts";
import type { CanaryArm, CanaryState } from "./canary.ts";
import type { CanaryOptions } from "./canary-options.ts";

/** Live traffic with a failure rate for each arm. */
function live(
  seed: number,
  rate: Record<CanaryArm, (trace: number) => number>,
  options: CanaryOptions = {},
  limit = 20_000,
): CanaryState {
  const random = randomSource(seed);
  let state = startCanary(`canary-${seed}`, 0, options);
  for (let trace = 0; trace < limit && state.status === "running"; trace += 1) {
    const unit = `trace-${trace}`;
    const { arm, share } = assignCanary(state, unit);
    state = observeCanary(state, { unit, share, failed: random() < rate[arm](trace), at: trace }, options);
  }
  return state;
}

const always = (rate: number) => (): number => rate;

describe("canary", () => {
  it("rolls a bad candidate back", () => {
    const state = live(1, { baseline: always(0.1), candidate: always(0.3) });
    expect(state).toMatchObject({ status: "rolled_back", share: 0 });
    expect(state.reason).toMatch(/^The candidate fails more often than the baseline: candidate \d+ failed of \d+/);
    expect(state.endedAt).toBe(state.traces.baseline + state.traces.candidate - 1);
  });

  it("promotes a good one, after raising its share stage by stage", () => {
    const state = live(2, { baseline: always(0.2), candidate: always(0.05) });
    expect(state).toMatchObject({ status: "promoted", share: 1 });
    expect(state.stage).toBeGreaterThan(0);
    expect(state.traces.candidate).toBeGreaterThanOrEqual(200);
  });

  it("keeps to its error rate while the failure rate drifts and both arms fail alike", () => {
    let rolledBack = 0;
    const drifting = (trace: number): number => 0.1 + 0.25 * Math.abs(Math.sin(trace / 300));
    for (let seed = 0; seed < 200; seed += 1) {
      const options = { alpha: 0.1, maxTraces: 3000 };
      const state = live(seed, { baseline: drifting, candidate: drifting }, options);
      if (state.status === "rolled_back") rolledBack += 1;
    }
    // Promised at most 10%; three standard errors of 200 runs are 6.4%.
    expect(rolledBack / 200).toBeLessThan(0.164);
  });

  it("ends undecided, with the baseline, when nothing shows", () => {
    const state = live(3, { baseline: always(0.05), candidate: always(0.05) }, { maxTraces: 500 });
    expect(state).toMatchObject({ status: "undecided", share: 0 });
  });

  it("does not raise the share while harm is suspected", () => {
    const options = {
      stages: [
        { share: 0.1, traces: 10 },
        { share: 0.9, traces: 0 },
      ],
    };
    let state = startCanary("suspect", 0, options);
    let trace = 0;
    for (let seen = 0; seen < 9; trace += 1) {
      const { arm, share } = assignCanary(state, `t${trace}`);
      if (arm === "baseline") continue;
      seen += 1;
      state = observeCanary(state, { unit: `t${trace}`, share, failed: seen < 3, at: trace }, options);
    }
    for (; state.traces.candidate < 30; trace += 1) {
      const { share } = assignCanary(state, `t${trace}`);
      state = observeCanary(state, { unit: `t${trace}`, share, failed: false, at: trace }, options);
    }
    expect(state).toMatchObject({ status: "running", stage: 0, share: 0.1 });
  });

  it("keeps a unit with the candidate as the share grows, and gives about the share asked for", () => {
    let candidates = 0;
    for (let unit = 0; unit < 4000; unit += 1) {
      const [early, late] = [0.05, 0.25].map((share) => assignCanary({ id: "grow", share }, `u${unit}`).arm);
      if (early === "candidate") expect(late).toBe("candidate");
      if (late === "candidate") candidates += 1;
    }
    expect(Math.abs(candidates / 4000 - 0.25)).toBeLessThan(0.03);
  });

  it("counts a unit's failure once, however often it is reported", () => {
    let state = startCanary("twice", 0);
    const outcome = { unit: "a", share: 0.05, failed: true, at: 1 };
    state = observeCanary(state, outcome);
    expect(observeCanary(state, outcome)).toBe(state);
    expect(observeCanary(state, { ...outcome, at: 2 })).toBe(state);
    expect(state.failures.baseline + state.failures.candidate).toBe(1);
  });

  it("goes on from its JSON as if nothing had happened, and changes nothing in place", () => {
    const step = fc.record({ unit: fc.string({ minLength: 1, maxLength: 6 }), failed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [whole, restarted] = [startCanary("json", 0), startCanary("json", 0)];
        steps.forEach(({ unit, failed }, at) => {
          const frozen = JSON.stringify(whole);
          const outcome = { unit, failed, at, share: whole.share };
          const next = observeCanary(whole, outcome);
          expect(JSON.stringify(whole)).toBe(frozen);
          whole = next;
          restarted = observeCanary(JSON.parse(JSON.stringify(restarted)) as CanaryState, outcome);
        });
        expect(restarted).toEqual(whole);
      }),
    );
  });

  it("can be ended by hand, once", () => {
    const ended = endCanary(startCanary("hand", 0), "rolled_back", 7, "Asked for by ana: bad feeling.");
    expect(ended).toMatchObject({ status: "rolled_back", share: 0, endedAt: 7 });
    expect(endCanary(ended, "promoted", 8, "No.")).toBe(ended);
    expect(observeCanary(ended, { unit: "x", share: 0.5, failed: true, at: 9 })).toBe(ended);
  });

  it.each([{ alpha: 1 }, { tolerance: 0 }, { stages: [] }, { stages: [{ share: 1, traces: 1 }] }, { maxTraces: 0 }])(
    "refuses %j",
    (options) => {
      expect(() => startCanary("x", 0, options)).toThrow(expect.objectContaining({ code: "invalid" }));
    },
  );
});
