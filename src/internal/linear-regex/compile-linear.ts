import type { AssertionKind, PatternNode } from "./parse-pattern.ts";

/** One step of the automaton. `split` goes on at both places. */
export type Instruction =
  | { op: "char"; matches: (codePoint: number) => boolean }
  | { op: "split"; to: [number, number] }
  | { op: "jump"; to: number }
  | { op: "assert"; kind: AssertionKind }
  | { op: "match" };

/** Counted repetitions are written out; this bounds the work for each character of a text. */
const MAX_INSTRUCTIONS = 5000;

/**
 * Thompson's construction: the tree as a program whose size is linear in the pattern (written-out repetitions included).
 * @throws SyntaxError when that is over 5,000 instructions
 */
export function compileLinear(root: PatternNode, flags: string): Instruction[] {
  const program: Instruction[] = [];
  const emit = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS)
      throw new SyntaxError("The pattern repeats too much: lower its {n,m} counts");
    return program.push(instruction) - 1;
  };
  const branch = (): { op: "split"; to: [number, number] } => ({ op: "split", to: [0, 0] });

  const tests = new Map<string, (codePoint: number) => boolean>();
  const testOf = (source: string): ((codePoint: number) => boolean) => {
    const test = tests.get(source) ?? charTest(source, flags);
    tests.set(source, test);
    return test;
  };

  const compile = (node: PatternNode): void => {
    if (node.type === "char") emit({ op: "char", matches: testOf(node.source) });
    else if (node.type === "assertion") emit({ op: "assert", kind: node.kind });
    else if (node.type === "sequence") node.items.forEach(compile);
    else if (node.type === "choice") compileChoice(node.options);
    else compileRepeat(node);
  };
  const compileChoice = (options: readonly PatternNode[]): void => {
    const exits: { op: "jump"; to: number }[] = [];
    for (const [index, option] of options.entries()) {
      const split = branch();
      const more = index < options.length - 1;
      if (more) split.to[0] = emit(split) + 1;
      compile(option);
      if (!more) break;
      const exit = { op: "jump" as const, to: 0 };
      emit(exit);
      exits.push(exit);
      split.to[1] = program.length;
    }
    for (const exit of exits) exit.to = program.length;
  };
  const compileRepeat = ({ item, min, max }: Extract<PatternNode, { type: "repeat" }>): void => {
    for (let i = 0; i < min; i++) compile(item);
    if (max === Infinity) {
      const loop = branch();
      const at = emit(loop);
      compile(item);
      emit({ op: "jump", to: at });
      loop.to = [at + 1, program.length];
      return;
    }
    const optional = Array.from({ length: max - min }, () => {
      const split = branch();
      split.to[0] = emit(split) + 1;
      compile(item);
      return split;
    });
    for (const split of optional) split.to[1] = program.length;
  };

  compile(root);
  emit({ op: "match" });
  return program;
}

/** Asks the platform about single code points only, which takes constant time whatever the pattern; ASCII is asked once. */
function charTest(source: string, flags: string): (codePoint: number) => boolean {
  const pattern = new RegExp(`^(?:${source})$`, flags.replace("m", ""));
  const ascii = Array.from({ length: 128 }, (_, point) => pattern.test(String.fromCodePoint(point)));
  return (codePoint) => (codePoint < 128 ? (ascii[codePoint] ?? false) : pattern.test(String.fromCodePoint(codePoint)));
}
