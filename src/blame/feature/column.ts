/** One feature of a trace's steps: its value by step. Nothing is kept of it but what the table of all features takes. */
export type Column = (step: number) => number;

/** Features by name, in the order of their columns. */
export type Columns = Readonly<Record<string, Column>>;
