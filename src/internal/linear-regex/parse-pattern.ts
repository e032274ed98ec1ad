/** What an assertion looks at: line or text ends, word edges. */
export type AssertionKind = "start" | "end" | "edge" | "inside";

/** A regular expression as a tree. Groups and laziness are gone: they cannot change whether a text matches. */
export type PatternNode =
  /** One code point; `source` is its pattern, a literal, an escape, `.` or a class. */
  | { type: "char"; source: string }
  | { type: "sequence"; items: PatternNode[] }
  | { type: "choice"; options: PatternNode[] }
  | { type: "repeat"; item: PatternNode; min: number; max: number }
  | { type: "assertion"; kind: AssertionKind };

/**
 * Parses JavaScript's regular expression syntax in Unicode mode.
 * @throws SyntaxError for what JavaScript refuses, and for what no linear-time engine can run: backreferences and
 * lookaround
 */
export function parsePattern(pattern: string, flags: string): PatternNode {
  // The platform's own parser refuses everything malformed, so that the one below only meets valid syntax.
  void new RegExp(pattern, flags);
  const reader = { points: Array.from(pattern), at: 0 };
  return parseChoice(reader);
}

interface Reader {
  points: string[];
  at: number;
}

function parseChoice(reader: Reader): PatternNode {
  const options = [parseSequence(reader)];
  while (reader.points[reader.at] === "|") {
    reader.at++;
    options.push(parseSequence(reader));
  }
  return options.length === 1 ? (options[0] as PatternNode) : { type: "choice", options };
}

function parseSequence(reader: Reader): PatternNode {
  const items: PatternNode[] = [];
  for (let point = reader.points[reader.at]; point !== undefined && point !== "|" && point !== ")";) {
    items.push(parseQuantified(reader));
    point = reader.points[reader.at];
  }
  return { type: "sequence", items };
}

function parseQuantified(reader: Reader): PatternNode {
  const item = parseAtom(reader);
  const bounds = parseBounds(reader);
  if (!bounds) return item;
  if (reader.points[reader.at] === "?") reader.at++;
  return { type: "repeat", item, ...bounds };
}

function parseBounds(reader: Reader): { min: number; max: number } | undefined {
  const point = reader.points[reader.at];
  const simple = { "*": [0, Infinity], "+": [1, Infinity], "?": [0, 1] }[point ?? ""];
  if (simple) {
    reader.at++;
    return { min: simple[0] ?? 0, max: simple[1] ?? 0 };
  }
  if (point !== "{") return undefined;
  const end = reader.points.indexOf("}", reader.at);
  const [min = "", max] = reader.points
    .slice(reader.at + 1, end)
    .join("")
    .split(",");
  reader.at = end + 1;
  return { min: Number(min), max: max === undefined ? Number(min) : max === "" ? Infinity : Number(max) };
}

function parseAtom(reader: Reader): PatternNode {
  const point = reader.points[reader.at++] as string;
  if (point === "^") return { type: "assertion", kind: "start" };
  if (point === "$") return { type: "assertion", kind: "end" };
  if (point === "(") return parseGroup(reader);
  if (point === "[") return { type: "char", source: classFrom(reader) };
  if (point === "\\") return parseEscape(reader);
  return { type: "char", source: point };
}

function parseGroup(reader: Reader): PatternNode {
  if (reader.points[reader.at] === "?") {
    const [kind = "", next = ""] = reader.points.slice(reader.at + 1, reader.at + 3);
    const named = kind === "<" && next !== "=" && next !== "!";
    if (kind !== ":" && !named)
      throw unsupported(kind === "=" || kind === "!" || kind === "<" ? "lookaround" : `(?${kind}`);
    reader.at = named ? reader.points.indexOf(">", reader.at) + 1 : reader.at + 2;
  }
  const inner = parseChoice(reader);
  reader.at++;
  return inner;
}

function parseEscape(reader: Reader): PatternNode {
  const letter = reader.points[reader.at++] as string;
  if (letter === "b") return { type: "assertion", kind: "edge" };
  if (letter === "B") return { type: "assertion", kind: "inside" };
  if (letter === "k" || /[1-9]/.test(letter)) throw unsupported("backreferences");
  const rest = reader.points.slice(reader.at, reader.at + 40).join("");
  // A surrogate pair written as two escapes is one code point.
  const tail = { u: /^(?:\{[^}]*\}|[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|.{4})/, x: /^../, c: /^./ }[
    letter
  ];
  const property = letter === "p" || letter === "P" ? /^\{[^}]*\}/ : undefined;
  const taken = (tail ?? property)?.exec(rest)?.[0] ?? "";
  reader.at += Array.from(taken).length;
  return { type: "char", source: `\\${letter}${taken}` };
}

function classFrom(reader: Reader): string {
  const start = reader.at - 1;
  while (reader.points[reader.at] !== "]") reader.at += reader.points[reader.at] === "\\" ? 2 : 1;
  reader.at++;
  return reader.points.slice(start, reader.at).join("");
}

function unsupported(what: string): SyntaxError {
  return new SyntaxError(`Regular expressions here run in linear time and know no ${what}`);
}
