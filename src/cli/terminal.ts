import { errorMessage, LoopsmithError } from "../model/errors.ts";

/** Where a command writes: results on `out`, everything else on `err`, so that a pipe carries only results. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person watches `err`. */
  readonly interactive: boolean;
}

export const processTerminal: Terminal = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  get interactive() {
    return process.stderr.isTTY;
  },
};

/** One rewritten line on a TTY; nothing in a pipe. */
export function progressLine(terminal: Terminal): { show(text: string): void; clear(): void } {
  if (!terminal.interactive) return { show: () => {}, clear: () => {} };
  return {
    show: (text) => process.stderr.write(`\r\u001B[2K${text}`),
    clear: () => process.stderr.write("\r\u001B[2K"),
  };
}

/** Left-aligned columns; numbers to the right. Control characters from traces never reach the terminal. */
export function table(rows: readonly Readonly<Record<string, unknown>>[], columns?: readonly string[]): string {
  const names = columns ?? Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => names.map((name) => cell(row[name])));
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((line) => (line[index] ?? "").length)));
  const line = (values: readonly string[], numeric: readonly boolean[]): string =>
    values
      .map((value, index) => {
        const width = widths[index] ?? 0;
        return numeric[index] ? value.padStart(width) : value.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const numeric = names.map((name) => rows.length > 0 && rows.every((row) => typeof row[name] === "number"));
  return [
    line(names, numeric),
    line(
      widths.map((width) => "-".repeat(width)),
      numeric,
    ),
    ...cells.map((values) => line(values, numeric)),
  ].join("\n");
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  // oxlint-disable-next-line no-control-regex
  const plain = (text ?? "").replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  return plain.length > 100 ? `${plain.slice(0, 99)}…` : plain;
}

/** The three lines every failed command ends with: what happened, what to do, which code. */
export function describeError(error: unknown): string {
  if (!LoopsmithError.isInstance(error)) return `error: ${errorMessage(error)}`;
  return `error: ${error.message}\n  hint: ${error.hint}\n  code: ${error.code}`;
}

/** The same as one line of JSON, for a caller that asked for JSON. */
export function errorJson(error: unknown): string {
  const { code, hint } = LoopsmithError.isInstance(error) ? error : { code: "internal", hint: null };
  return JSON.stringify({ error: { code, message: errorMessage(error), hint } });
}
