/** JSON text that is already there and goes into an answer as it is: payloads are never parsed just to be written again. */
class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Stored payload bytes as raw JSON, or `null`. */
export function rawJson(bytes: Uint8Array | null): RawJson | null {
  if (bytes === null || bytes.byteLength === 0) return null;
  return new RawJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
}

/** What a field of a written object may hold: raw JSON, or anything `JSON.stringify` takes. */
export type FieldTable<T> = Readonly<Record<string, (source: T) => unknown>>;

/** Writes the named fields of `table`, in table order; all of them when `select` is absent. Unknown names are ignored. */
export function writeFields<T>(table: FieldTable<T>, source: T, select?: ReadonlySet<string>): string {
  const parts: string[] = [];
  for (const [name, read] of Object.entries(table)) {
    if (select && !select.has(name)) continue;
    const text = writeValue(read(source));
    if (text !== undefined) parts.push(`"${name}":${text}`);
  }
  return `{${parts.join(",")}}`;
}

function writeValue(value: unknown): string | undefined {
  if (value instanceof RawJson) return value.text;
  return JSON.stringify(value);
}
