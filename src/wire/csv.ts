import { LoopsmithError } from "../model/errors.ts";

const QUOTE = '"';

/**
 * The rows of CSV text (RFC 4180: commas, fields in double quotes where needed, CRLF or LF). Empty lines are skipped.
 * @throws LoopsmithError `invalid` for a quote that does not end
 */
export function parseCsv(text: string): string[][] {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const endRow = (): void => {
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  while (at < source.length) {
    const isQuoted = source[at] === QUOTE;
    const end = isQuoted ? endOfQuoted(source, at, rows.length + 1) : endOfPlain(source, at);
    row.push(isQuoted ? source.slice(at + 1, end - 1).replaceAll('""', QUOTE) : source.slice(at, end));
    at = end;
    if (source[at] === ",") {
      at += 1;
      // A comma at the very end stands before one more, empty field.
      if (at === source.length || source[at] === "\n" || source[at] === "\r") row.push("");
    }
    if (source[at] === "\r" && source[at + 1] === "\n") at += 1;
    if (source[at] === "\n" || source[at] === "\r") {
      at += 1;
      endRow();
    }
  }
  if (row.length > 0) endRow();
  return rows;
}

function endOfPlain(source: string, start: number): number {
  let at = start;
  while (at < source.length && source[at] !== "," && source[at] !== "\n" && source[at] !== "\r") at += 1;
  return at;
}

/** Behind the closing quote; what follows it up to the next separator belongs to no field and is an error. */
function endOfQuoted(source: string, start: number, row: number): number {
  let at = start + 1;
  for (;;) {
    const quote = source.indexOf(QUOTE, at);
    if (quote === -1) throw csvError(`row ${row}: a quoted field does not end`);
    if (source[quote + 1] !== QUOTE) {
      at = quote + 1;
      break;
    }
    at = quote + 2;
  }
  const next = source[at];
  if (next !== undefined && next !== "," && next !== "\n" && next !== "\r") {
    throw csvError(`row ${row}: there is text behind a quoted field`);
  }
  return at;
}

function csvError(message: string): LoopsmithError {
  return new LoopsmithError("invalid", `the CSV cannot be read: ${message}`, {
    hint: "Put fields with commas, quotes or line breaks in double quotes, and double the quotes inside.",
    details: { field: "file" },
  });
}

/** One row as CSV text, without the line break. */
export function csvLine(fields: readonly string[]): string {
  return fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",");
}

/** What a spreadsheet takes for a formula, also behind blanks and in full-width letters. */
const FORMULA = /^[\t\r\n]|^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

/** One row for a spreadsheet: `null` is an empty cell, and a text that it would run as a formula gets an apostrophe before it. */
export function spreadsheetLine(cells: readonly (string | number | null)[]): string {
  return csvLine(
    cells.map((cell) => {
      if (cell === null) return "";
      if (typeof cell === "number") return String(cell);
      return FORMULA.test(cell) ? `'${cell}` : cell;
    }),
  );
}
