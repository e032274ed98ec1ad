import type { Table } from "./forest.ts";

const MAX_NAMES = 12;
const MIN_SHARE = 0.1;

/** The span names found in at least a tenth of the traces, most frequent first, at most twelve. */
export function frequentNames(traces: readonly (readonly string[])[]): string[] {
  const counts = new Map<string, number>();
  for (const names of traces) for (const name of new Set(names)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= MIN_SHARE * traces.length)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MAX_NAMES)
    .map(([name]) => name);
}

/** A feature row with a flag appended for each of the names: in one project it matters which span it is. */
export function namedRow(row: readonly number[], name: string, names: readonly string[]): number[] {
  return [...row, ...names.map((other) => (other === name ? 1 : 0))];
}

/** The same for many rows at once. */
export function namedTable(
  { rows, names: own }: { rows: readonly ArrayLike<number>[]; names: readonly string[] },
  names: readonly string[],
): Table {
  const features = rows[0]?.length ?? 0;
  const width = features + names.length;
  const cells = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    cells.set(rows[i]!, i * width);
    const name = names.indexOf(own[i]!);
    if (name >= 0) cells[i * width + features + name] = 1;
  }
  return { rows: rows.length, width, cells };
}
