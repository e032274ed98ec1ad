/** One feature of a trace's steps: its value by step. Nothing is kept of it but what the table of all features takes. */
export type Column = (step: number) => number;

/** Features by name, in the order of their columns. */
export type Columns = Readonly<Record<string, Column>>;

/** A number for each item. What `Float64Array.from` does, without its detour over an iterator. */
export function valuesOf<T>(items: readonly T[], valueOf: (item: T, index: number) => number): Float64Array {
  const values = new Float64Array(items.length);
  for (let i = 0; i < items.length; i++) values[i] = valueOf(items[i]!, i);
  return values;
}
