import { compileLinear } from "./compile-linear.ts";
import type { Instruction } from "./compile-linear.ts";
import { parsePattern } from "./parse-pattern.ts";
import type { AssertionKind } from "./parse-pattern.ts";

/** A regular expression whose time grows with text length times pattern length, and never faster. */
export interface LinearRegex {
  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean;
}

/**
 * Compiles a pattern in JavaScript's syntax (Unicode mode) for Pike's simulation of Thompson's automaton
 * (Thompson 1968; Cox, "Regular Expression Matching Can Be Simple And Fast", 2007), so that no text can make it hang.
 *
 * @param flags of `i`, `m`, `s`; `u` is implied, `g` and `y` mean nothing here
 * @throws SyntaxError for malformed patterns, backreferences, lookaround and very large counted repetitions
 */
export function linearRegex(pattern: string, flags = ""): LinearRegex {
  const used = `${flags.replace(/[gyuvd]/g, "")}u`;
  const program = compileLinear(parsePattern(pattern, used), used);
  const multiline = used.includes("m");
  return { test: (text) => run(program, text, multiline) };
}

function run(program: readonly Instruction[], text: string, multiline: boolean): boolean {
  let current = new Threads(program.length);
  let next = new Threads(program.length);
  for (let at = 0; ;) {
    // A match may begin anywhere, so a thread starts at every position.
    if (follow(program, current, 0, text, at, multiline)) return true;
    const codePoint = text.codePointAt(at);
    if (codePoint === undefined) return false;
    at += codePoint > 0xffff ? 2 : 1;
    for (let i = 0; i < current.size; i++) {
      const pc = current.at(i);
      const instruction = program[pc];
      if (instruction?.op !== "char" || !instruction.matches(codePoint)) continue;
      if (follow(program, next, pc + 1, text, at, multiline)) return true;
    }
    [current, next] = [next, current];
    next.clear();
  }
}

/** Adds every instruction reachable without reading a character; true when that reaches a match. */
function follow(
  program: readonly Instruction[],
  threads: Threads,
  start: number,
  text: string,
  at: number,
  multiline: boolean,
): boolean {
  const pending = [start];
  for (let pc = pending.pop(); pc !== undefined; pc = pending.pop()) {
    if (!threads.add(pc)) continue;
    const instruction = program[pc];
    if (instruction?.op === "match") return true;
    if (instruction?.op === "jump") pending.push(instruction.to);
    else if (instruction?.op === "split") pending.push(instruction.to[1], instruction.to[0]);
    else if (instruction?.op === "assert" && holds(instruction.kind, text, at, multiline)) pending.push(pc + 1);
  }
  return false;
}

function holds(kind: AssertionKind, text: string, at: number, multiline: boolean): boolean {
  if (kind === "start") return at === 0 || (multiline && isLineEnd(text[at - 1]));
  if (kind === "end") return at === text.length || (multiline && isLineEnd(text[at]));
  const edge = isWord(text[at - 1]) !== isWord(text[at]);
  return kind === "edge" ? edge : !edge;
}

function isLineEnd(character: string | undefined): boolean {
  return character === "\n" || character === "\r" || character === "\u2028" || character === "\u2029";
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /\w/.test(character);
}

/** A set of small integers with constant-time add, test and clear (Briggs and Torczon 1993). */
class Threads {
  size = 0;
  readonly #dense: Uint32Array;
  readonly #sparse: Uint32Array;

  constructor(capacity: number) {
    this.#dense = new Uint32Array(capacity);
    this.#sparse = new Uint32Array(capacity);
  }

  /** False when it was in already. */
  add(value: number): boolean {
    const slot = this.#sparse[value] ?? 0;
    if (slot < this.size && this.#dense[slot] === value) return false;
    this.#sparse[value] = this.size;
    this.#dense[this.size++] = value;
    return true;
  }

  at(index: number): number {
    return this.#dense[index] ?? 0;
  }

  clear(): void {
    this.size = 0;
  }
}
