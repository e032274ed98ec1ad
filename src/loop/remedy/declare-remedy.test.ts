import { expect, it } from "vitest";
import { promoteCustom } from "../../remedy/promote/custom.ts";
import { defineRemedy } from "./declare-remedy.ts";

const baseline = { prompt: "Answer.", topK: 4 };
const trial = { target: async () => ({ outputs: {} }) };

it("takes the configuration's type from the baseline", () => {
  const declared = defineRemedy({
    name: "inferred",
    baseline: { prompt: "Answer.", topK: 4 },
    candidates: [
      { grid: { topK: [8, 16] } },
      { list: [{ name: "cite", config: { prompt: "Cite.", topK: 4 } }] },
      {
        propose: async ({ baseline: { topK }, submit }) =>
          submit({ name: "twice", config: { prompt: "", topK: topK * 2 } }),
      },
    ],
    trial: { target: async ({ config }) => ({ outputs: { asked: config.prompt.length + config.topK } }) },
    promote: promoteCustom({
      name: "tell",
      promote: async (_promotion: { candidate: { config: { topK: number } } }) => {},
    }),
  });
  expect(declared.baseline).toEqual({ prompt: "Answer.", topK: 4 });
});

it("does not widen it by what stands in the other fields", () => {
  const wrong = [{ name: "more", config: { ...baseline, temperature: 1 } }];
  // @ts-expect-error a value of another type
  defineRemedy({ name: "grid", baseline, trial, candidates: [{ grid: { topK: ["8"] } }] });
  // @ts-expect-error a field the baseline does not have
  defineRemedy({ name: "grid", baseline, trial, candidates: [{ grid: { temperature: [1] } }] });
  const target: Parameters<typeof defineRemedy<typeof baseline>>[0]["trial"]["target"] = async ({ config }) => ({
    // @ts-expect-error a field the baseline does not have
    outputs: { answer: config.temperature },
  });
  expect(defineRemedy({ name: "target", baseline, candidates: [{ list: wrong }], trial: { target } }).name).toBe(
    "target",
  );
});
