import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExactMatch, JSONDiff, Levenshtein, ListContains, NumericDiff, ValidJSON } from "autoevals";
import { createJsonMatchEvaluator, createTrajectoryMatchEvaluator, exactMatch, levenshteinDistance } from "openevals";
import { expect, it } from "vitest";
import { fromAutoevals, fromOpenEvals } from "../src/evaluator/index.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { json, rootWrite, START } from "./contract/span-writes.ts";

/** Where the packages find what they compare, in traces that carry their own reference. */
const compared = { outputs: "outputs.answer", referenceOutputs: "inputs.expected" };
const texts = { output: "outputs.text", expected: "inputs.text" };

const call = (name: string): unknown[] => [
  { role: "user", content: "weather?" },
  { role: "assistant", content: "", tool_calls: [{ function: { name, arguments: "{}" } }] },
];

/** Those of both packages that ask no model and fetch nothing. */
const evaluators = [
  fromOpenEvals(exactMatch, { name: "open_exact", args: compared }),
  fromOpenEvals(levenshteinDistance, { name: "open_levenshtein", args: compared }),
  fromOpenEvals(createJsonMatchEvaluator({ aggregator: "average" }), { name: "open_json", args: compared }),
  fromOpenEvals(createTrajectoryMatchEvaluator({ trajectoryMatchMode: "strict" }), {
    name: "open_trajectory",
    args: { outputs: "outputs.messages", referenceOutputs: "inputs.messages" },
  }),
  fromAutoevals(ExactMatch, { name: "auto_exact", args: texts }),
  fromAutoevals(Levenshtein, { name: "auto_levenshtein", args: texts }),
  fromAutoevals(NumericDiff, { name: "auto_numeric", args: { output: "outputs.number", expected: "inputs.number" } }),
  fromAutoevals(JSONDiff, { name: "auto_json", args: { output: "outputs.answer", expected: "inputs.expected" } }),
  fromAutoevals(ValidJSON, { name: "auto_valid_json", args: { output: "outputs.raw" } }),
  fromAutoevals(ListContains, { name: "auto_list", args: { output: "outputs.list", expected: "inputs.list" } }),
];

it("takes the evaluators of openevals and autoevals unchanged", async () => {
  const store = await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "loopsmith-packages-")), "p.db") });
  const inputs = {
    expected: { city: "Paris", year: 1889 },
    text: "the Eiffel Tower",
    number: 10,
    list: ["a", "b"],
    messages: call("weather"),
  };
  const good = {
    answer: { city: "Paris", year: 1889 },
    text: "the Eiffel Tower",
    number: 10,
    raw: '{"a": 1}',
    list: ["a", "b"],
    messages: call("weather"),
  };
  const bad = {
    answer: { city: "Lyon", year: 1889 },
    text: "the Eiffel Tour",
    number: 5,
    raw: "{oops",
    list: ["a", "x"],
    messages: call("news"),
  };
  const runs = [good, bad].map((outputs, i) =>
    rootWrite({ startAt: START + i, endAt: START + i + 100, inputs: json(inputs), outputs: json(outputs) }),
  );
  await store.spanIngest({ spans: runs });
  await using loop = createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator: evaluators,
    threshold: 0.99,
    settleMs: 0,
    lookbackMs: 1e12,
  });
  const problems: unknown[] = [];
  loop.on("error", ({ error }) => problems.push(error));
  const verdicts = new Map<string, { outcome: string; scores: Map<string, number | null> }>();
  loop.on("trace:judged", ({ verdict: { traceId, outcome, scores } }) => {
    verdicts.set(traceId, { outcome, scores: new Map(scores.map(({ evaluator, score }) => [evaluator, score])) });
  });
  expect(await loop.runOnce()).toMatchObject({ judged: 2, failures: 1 });
  expect(problems).toEqual([]);
  const [passing, failing] = runs.map(({ id }) => verdicts.get(id));
  const names = evaluators.map(({ name }) => name);
  expect(passing?.outcome).toBe("pass");
  expect([...passing!.scores]).toEqual(names.map((name) => [name, 1]));
  expect(failing?.outcome).toBe("fail");
  for (const name of names) expect([name, failing!.scores.get(name)! < 1]).toEqual([name, true]);
  // The packages' own figures, not ours.
  expect(failing!.scores.get("auto_levenshtein")).toBeCloseTo(1 - 2 / 16, 12);
  expect(failing!.scores.get("auto_numeric")).toBeCloseTo(1 - 5 / 15, 12);
  await loop.stop();
  await store.close();
});
