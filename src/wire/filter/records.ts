import type { FilterExpression, FilterTest, RecordColumn, RecordKind, RecordTest } from "../filter-ast.ts";

/** A test on one column of a record, as it stands in the text: which record is meant shows only in its `and`. */
export interface LooseTest extends RecordTest {
  kind: "loose";
  record: RecordKind;
}

export type Parsed = FilterExpression | LooseTest;

export function looseTest(record: RecordKind, column: RecordColumn, test: FilterTest): LooseTest {
  return { kind: "loose", record, column, test };
}

/** A test that stands alone. Denying a key or value means that no record has it. */
export function settle(parsed: Parsed): FilterExpression {
  if (parsed.kind !== "loose") return parsed;
  const { record, column, test } = parsed;
  const opposite = oppositeOf(test);
  if (opposite) return { kind: "not", of: recordOf(record, [{ column, test: opposite }]) };
  return recordOf(record, [{ column, test }]);
}

/**
 * What stands in one `and`. Tests of one kind of record mean the same record, so that
 * `and(eq(feedback_key, "k"), lt(feedback_score, 0.5))` is about the score of k. A second key begins a second record. Where
 * no key is asked for, denied values mean that no record has them, as LangSmith documents it.
 */
export function settleAnd(members: readonly Parsed[]): FilterExpression[] {
  const settled: FilterExpression[] = [];
  const done = new Set<RecordKind>();
  for (const member of members) {
    if (member.kind !== "loose") {
      settled.push(member);
    } else if (!done.has(member.record)) {
      done.add(member.record);
      const same = members.filter(
        (other): other is LooseTest => other.kind === "loose" && other.record === member.record,
      );
      for (const group of groupsOf(same)) settled.push(...settleGroup(group));
    }
  }
  return settled;
}

function groupsOf(tests: readonly LooseTest[]): LooseTest[][] {
  const groups: LooseTest[][] = [];
  let keyed = false;
  for (const test of tests) {
    const group = groups.at(-1);
    if (!group || (keyed && asksForKey(test))) {
      groups.push([test]);
      keyed = asksForKey(test);
    } else {
      group.push(test);
      keyed ||= asksForKey(test);
    }
  }
  return groups;
}

function settleGroup(group: readonly LooseTest[]): FilterExpression[] {
  const first = group[0];
  if (!first) return [];
  const keyed = group.some(asksForKey);
  const together = group.filter((test) => oppositeOf(test.test) === null || (keyed && test.column !== "key"));
  const alone = group.filter((test) => !together.includes(test));
  const record = together.map(({ column, test }) => ({ column, test }));
  return [...(record.length > 0 ? [recordOf(first.record, record)] : []), ...alone.map(settle)];
}

function asksForKey({ column, test }: LooseTest): boolean {
  return column === "key" && oppositeOf(test) === null;
}

function oppositeOf(test: FilterTest): FilterTest | null {
  if (test.op === "neq") return { op: "eq", value: test.value };
  if (test.op === "nlike") return { op: "like", value: test.value };
  return null;
}

function recordOf(record: RecordKind, tests: RecordTest[]): FilterExpression {
  return { kind: "record", record, tests };
}
