import { describe, expect, it } from "vitest";
import { parseExampleFilter } from "../../wire/filter.ts";
import { matchesExample, type FilterableExample } from "./example-filter.ts";

const EXAMPLE: FilterableExample = {
  id: "0190a000-0000-7000-8000-000000000001",
  inputs: { question: "Why is the sky blue?", nested: { depth: 2 } },
  outputs: { answer: "Rayleigh" },
  metadata: { tier: "free", count: 3, list: ["a", { b: 1 }], dataset_split: ["train"] },
  createdAt: Date.UTC(2026, 0, 1),
  modifiedAt: Date.UTC(2026, 0, 2),
  sourceRunId: null,
};

const passes = (filter: string): boolean => matchesExample(parseExampleFilter(filter, "filter"), EXAMPLE);

describe("filters on examples", () => {
  it.each([
    'exists(metadata, "tier")',
    'has(metadata, \'{"tier": "free", "list": [{"b": 1}]}\')',
    'has(metadata, \'{"dataset_split": ["train"]}\')',
    'and(eq(metadata_key, "count"), gte(metadata_value, 3))',
    'in(metadata_value, ["free", "paid"])',
    'like(metadata_value, "f_ee")',
    'and(eq(input_key, "nested.depth"), eq(input_value, 2))',
    'search("RAYLEIGH")',
    'search(inputs, "sky")',
    'eq(id, "0190A000-0000-7000-8000-000000000001")',
    'and(gt(created_at, "2025-12-31"), lte(modified_at, "2026-01-02"))',
    "eq(source_run_id, null)",
    'not(or(exists(metadata, "team"), has(metadata, \'{"tier": "paid"}\')))',
  ])("%s", (filter) => {
    expect(passes(filter)).toBe(true);
  });

  it.each([
    'exists(metadata, "team")',
    'has(metadata, \'{"tier": "free", "team": null}\')',
    'and(eq(metadata_key, "tier"), eq(metadata_value, 3))',
    'and(eq(metadata_key, "tier"), gt(metadata_value, 1))',
    'neq(metadata_value, "free")',
    'search(outputs, "sky")',
    'gt(created_at, "2026-01-01")',
    'like(metadata_value, "%x%")',
  ])("not %s", (filter) => {
    expect(passes(filter)).toBe(false);
  });

  it("matches patterns with many wildcards without going back and forth", () => {
    const metadata = { text: "a".repeat(20_000) };
    const filter = parseExampleFilter(`like(metadata_value, "${"%a".repeat(50)}%b")`, "filter");
    expect(matchesExample(filter, { ...EXAMPLE, metadata })).toBe(false);
  });
});
