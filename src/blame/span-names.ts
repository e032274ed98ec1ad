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
  { table, names: own }: { table: Table; names: readonly string[] },
  names: readonly string[],
): Table {
  const width = table.width + names.length;
  const cells = new Float64Array(table.rows * width);
  for (let i = 0; i < table.rows; i++) {
    for (let c = 0; c < table.width; c++) cells[i * width + c] = table.cells[i * table.width + c]!;
    const name = names.indexOf(own[i]!);
    if (name >= 0) cells[i * width + table.width + name] = 1;
  }
  return { rows: table.rows, width, cells };
}
