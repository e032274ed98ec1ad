/**
 * Just enough of a WebAssembly assembler to write the counting kernel down readably and encode it when it is loaded.
 * Opcodes and section layout follow the WebAssembly core specification 2.0, chapter 5 (binary format).
 */
export type Code = readonly number[];

export type ValueType = "i32" | "v128";

/** A function: parameters first, then locals, both addressed by name in `code`. All results and parameters are i32. */
export interface WasmFunction {
  name: string;
  parameters: readonly string[];
  locals: Readonly<Record<string, ValueType>>;
  returns: boolean;
  code: (local: Locals) => Code;
}

/** Reads and writes of a function's named locals. */
export interface Locals {
  get: (name: string) => Code;
  set: (name: string, value: Code) => Code;
  /** `set` that leaves the value on the stack. */
  tee: (name: string, value: Code) => Code;
  /** Adds to an i32 local. */
  increase: (name: string, by: Code) => Code;
}

const MAGIC_AND_VERSION: Code = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

const TYPE = { i32: 0x7f, v128: 0x7b } as const;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const binary =
  (opcode: Code) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];
const unary =
  (opcode: Code) =>
  (a: Code): Code => [...a, ...opcode];

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)],
  load16: (address: Code): Code => [...address, 0x2f, 1, 0],
  store: (address: Code, value: Code): Code => [...address, ...value, 0x36, 2, 0],
  add: binary([0x6a]),
  multiply: binary([0x6c]),
  equal: binary([0x46]),
  below: binary([0x49]),
};

export const v128 = {
  zero: [...simd(12), ...Array.from({ length: 16 }, () => 0)] as Code,
  load: (address: Code, offset = 0): Code => [...address, ...simd(0), 4, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...simd(11), 4, ...unsigned(offset)],
  and: binary(simd(78)),
  /** a and not b. */
  andNot: binary(simd(79)),
  /** Bits set in each of 16 bytes. */
  popcount: unary(simd(98)),
  addBytes: binary(simd(110)),
  addWords: binary(simd(174)),
  /** 16 bytes to 8 pair sums of 16 bits, to 4 sums of 32 bits. */
  widen: (a: Code): Code => [...a, ...simd(125), ...simd(127)],
  lane: (a: Code, lane: number): Code => [...a, ...simd(27), lane],
};

/** Runs `body` again while `condition` is not zero; always at least once. */
export function repeatWhile(body: Code, condition: Code): Code {
  return [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b];
}

export function ifElse(condition: Code, then: Code, otherwise: Code): Code {
  return [...condition, 0x04, 0x40, ...then, 0x05, ...otherwise, 0x0b];
}

/** Leaves out `body` when `condition` is zero. */
export function when(condition: Code, body: Code): Code {
  return [...condition, 0x04, 0x40, ...body, 0x0b];
}

const vector = (entries: readonly Code[]): Code => [...unsigned(entries.length), ...entries.flat()];
const section = (id: number, body: Code): Code => [id, ...unsigned(body.length), ...body];
const text = (value: string): Code => [...unsigned(value.length), ...new TextEncoder().encode(value)];

/** A module that imports `env.memory` and exports the functions by name. */
export function encodeModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, returns }): Code => [
    0x60,
    ...vector(parameters.map(() => [TYPE.i32])),
    ...vector(returns ? [[TYPE.i32]] : []),
  ]);
  const memoryImport = [...text("env"), ...text("memory"), 2, 0, 1];
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, vector(types)),
    ...section(2, vector([memoryImport])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
    ...section(10, vector(functions.map(encodeFunction))),
  ]);
}

function encodeFunction({ parameters, locals, code }: WasmFunction): Code {
  const names = [...parameters, ...Object.keys(locals)];
  const index = (name: string): number[] => {
    const position = names.indexOf(name);
    if (position < 0) throw new RangeError(`no local named ${name}`);
    return unsigned(position);
  };
  const access: Locals = {
    get: (name) => [0x20, ...index(name)],
    set: (name, value) => [...value, 0x21, ...index(name)],
    tee: (name, value) => [...value, 0x22, ...index(name)],
    increase: (name, by) => [0x20, ...index(name), ...by, 0x6a, 0x21, ...index(name)],
  };
  const declarations = vector(Object.values(locals).map((type) => [1, TYPE[type]]));
  const body = [...declarations, ...code(access), 0x0b];
  return [...unsigned(body.length), ...body];
}
