import { Session } from "node:inspector";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { buildDataset } from "./dataset.ts";
import { aSource, LOW_RELEVANCE } from "./dataset.fixture.ts";
import { sealDataset } from "./sealed-dataset.ts";

const sources = Array.from({ length: 80 }, (_, index) =>
  aSource(index, true, { inputs: { question: `secret-${index}` } }),
);
const { examples } = buildDataset("sealed", LOW_RELEVANCE, sources);
const heldOutTexts = examples
  .filter((example) => example.split === "held_out")
  .map((example) => (example.inputs as { question: string }).question);

/**
 * Every string a debugger can reach from a value: own and inherited properties, getters' values, map entries, and the
 * variables that its functions close over.
 */
function reachableStrings(value: unknown): Set<string> {
  const session = new Session();
  session.connect();
  const strings = new Set<string>();
  const seen = new Set<string>();
  (globalThis as Record<string, unknown>)["sealedProbe"] = value;
  type Remote = { type: string; value?: unknown; objectId?: string };
  const visit = (remote: Remote | undefined, depth: number): void => {
    if (remote?.type === "string") strings.add(String(remote.value));
    if (!remote?.objectId || seen.has(remote.objectId) || depth > 9) return;
    seen.add(remote.objectId);
    session.post("Runtime.getProperties", { objectId: remote.objectId, ownProperties: true }, (error, found) => {
      if (error) throw new Error(error.message);
      const internal = found.internalProperties ?? [];
      for (const { name, value: inner } of [...found.result, ...internal]) {
        // Module and global scope hold the test itself; a closure's own variables are what counts.
        if (inner && !/^(\[\[Prototype\]\]|__proto__)$/.test(name) && !isOuterScope(inner)) visit(inner, depth + 1);
      }
    });
  };
  const isOuterScope = (remote: Remote & { description?: string }): boolean =>
    /^(Global|Script|Module|Closure \(.*(vite|vitest).*)/.test(remote.description ?? "");
  session.post("Runtime.evaluate", { expression: "globalThis.sealedProbe" }, (_error, { result }) => visit(result, 0));
  session.disconnect();
  return strings;
}

describe("sealDataset", () => {
  const { visible, heldOut } = sealDataset(examples);

  it("shows a proposer the visible examples and keeps the rest for the gate", () => {
    expect(heldOut.length).toBeGreaterThan(10);
    expect(visible.size).toBeGreaterThan(10);
    expect(visible.size + heldOut.length).toBe(80);
    expect(visible.list().every((example) => example.split === "visible")).toBe(true);
    expect(visible.get(visible.list()[0]?.id ?? "")).toEqual(visible.list()[0]);
  });

  it.each([
    ["the split by name", () => visible.list("held_out")],
    ["an example by its id", () => visible.get(heldOut[0]?.id ?? "")],
    ["the obvious property", () => (visible as unknown as { heldOut: unknown }).heldOut],
  ])("refuses a proposer that reads the gate's examples: %s", (_name, read) => {
    let caught: unknown;
    try {
      read();
    } catch (error) {
      caught = error;
    }
    expect(LoopsmithError.isInstance(caught) && caught.code).toBe("forbidden");
  });

  it("does not hold the gate's examples anywhere: not in properties, not in closures", () => {
    const strings = reachableStrings(visible);
    // The probe works: it finds what is there.
    expect([...strings].filter((text) => text.startsWith("secret-")).length).toBe(visible.size);
    for (const text of heldOutTexts) expect(strings.has(text)).toBe(false);
    const printed = inspect(visible, { depth: null, showHidden: true }) + JSON.stringify([visible, visible.list()]);
    for (const text of heldOutTexts) expect(printed).not.toMatch(new RegExp(`${text}\\b`));
  });

  it("cannot be turned against the gate by editing", () => {
    const [first] = visible.list();
    if (first) first.inputs["question"] = "edited";
    expect(visible.list()[0]?.inputs["question"]).not.toBe("edited");
    expect(() => Object.assign(visible, { list: () => [] })).toThrow(TypeError);
  });
});
