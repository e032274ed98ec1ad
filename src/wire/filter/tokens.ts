import { filterError } from "./filter-error.ts";

export type Token =
  | { type: "punctuation"; text: "(" | ")" | "[" | "]" | ","; at: number }
  | { type: "word"; text: string; at: number }
  | { type: "string"; text: string; at: number }
  | { type: "number"; value: number; at: number }
  | { type: "end"; at: number };

const SPACE = /[\s]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_.]*/y;
const NUMBER = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const UNIT = /[A-Za-z]+/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** Reads one token after the other; each character is looked at once. */
export class Tokens {
  readonly #text: string;
  readonly #field: string;
  #at = 0;
  #next: Token;

  /** `field` names the text in errors. */
  constructor(text: string, field: string) {
    this.#text = text;
    this.#field = field;
    this.#next = this.#read();
  }

  get next(): Token {
    return this.#next;
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  /** Takes the punctuation if it comes next. */
  skip(text: string): boolean {
    if (this.#next.type !== "punctuation" || this.#next.text !== text) return false;
    this.take();
    return true;
  }

  /** @throws LoopsmithError `invalid` when anything else comes next */
  expect(text: string): void {
    if (!this.skip(text)) throw this.error(`expected "${text}", found ${describe(this.#next)}`);
  }

  error(message: string, at: number = this.#next.at): Error {
    return filterError(this.#field, message, at);
  }

  #read(): Token {
    this.#match(SPACE);
    const at = this.#at;
    const char = this.#text[at];
    if (char === undefined) return { type: "end", at };
    if (char === "(" || char === ")" || char === "[" || char === "]" || char === ",") {
      this.#at += 1;
      return { type: "punctuation", text: char, at };
    }
    if (char === '"' || char === "'") return { type: "string", text: this.#string(char), at };
    const word = this.#match(WORD);
    if (word !== null) return { type: "word", text: word, at };
    const number = this.#match(NUMBER);
    if (number === null) throw filterError(this.#field, `unexpected ${JSON.stringify(char)}`, at);
    // A bare duration (5s) means the same as a quoted one.
    const unit = this.#match(UNIT);
    if (unit !== null) return { type: "string", text: number + unit, at };
    const value = Number(number);
    if (!Number.isFinite(value))
      throw filterError(this.#field, `the number ${number.slice(0, 40)} is out of range`, at);
    // Adding 0 turns -0, which no database knows, into 0.
    return { type: "number", value: value + 0, at };
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0];
    if (text === undefined) return null;
    this.#at += text.length;
    return text;
  }

  #string(quote: string): string {
    const start = this.#at;
    const pieces: string[] = [];
    for (let from = start + 1, at = from; ; at++) {
      const char = this.#text[at];
      if (char === undefined) throw filterError(this.#field, `the string does not end (${quote} is missing)`, start);
      if (char === quote) {
        pieces.push(this.#text.slice(from, at));
        this.#at = at + 1;
        return pieces.join("");
      }
      if (char !== "\\") continue;
      pieces.push(this.#text.slice(from, at));
      const escaped = this.#text[at + 1] ?? "";
      const code = escaped === "u" ? /^[0-9a-fA-F]{4}/.exec(this.#text.slice(at + 2, at + 6))?.[0] : undefined;
      pieces.push(code === undefined ? (ESCAPES[escaped] ?? escaped) : String.fromCharCode(Number.parseInt(code, 16)));
      at += code === undefined ? 1 : 5;
      from = at + 1;
    }
  }
}

export function describe(token: Token): string {
  if (token.type === "end") return "the end";
  if (token.type === "number") return String(token.value);
  return JSON.stringify(token.text.slice(0, 40));
}
