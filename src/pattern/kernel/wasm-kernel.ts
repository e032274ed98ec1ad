import { KERNEL_STEP, NO_PREFIX } from "./kernel.ts";
import type { Kernel } from "./kernel.ts";
import { encodeModule, i32, ifElse, repeatWhile, v128, when } from "./wasm-encoder.ts";
import type { Code, Locals, WasmFunction } from "./wasm-encoder.ts";

/** The little of the JavaScript API that is used; Node's own types leave it to the DOM library. */
declare const WebAssembly: {
  validate: (bytes: Uint8Array<ArrayBuffer>) => boolean;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
  Memory: new (pages: { initial: number; maximum: number }) => WasmMemory;
  Instance: new (module: WasmModule, imports: { env: { memory: WasmMemory } }) => { exports: Record<string, unknown> };
};
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow: (pages: number) => number;
}
type WasmModule = object & { readonly wasmModule?: never };

const PAGE = 65_536;
const VECTORS = Array.from({ length: KERNEL_STEP / 16 }, (_, index) => index * 16);

/** sum = bits set in both `p` and `q`, from p to `end`. Eight vectors of byte counts (at most 64) fit a byte lane. */
function sumOfIntersection({ get, set, tee, increase }: Locals): Code {
  const step = VECTORS.flatMap((offset) =>
    set(
      "bytes8",
      v128.addBytes(get("bytes8"), v128.popcount(v128.and(v128.load(get("p"), offset), v128.load(get("q"), offset)))),
    ),
  );
  const lanes = [0, 1, 2, 3].map((lane) => v128.lane(get("words4"), lane));
  return [
    ...set("words4", v128.zero),
    ...repeatWhile(
      [
        ...set("bytes8", v128.zero),
        ...step,
        ...set("words4", v128.addWords(get("words4"), v128.widen(get("bytes8")))),
        ...increase("q", i32.constant(KERNEL_STEP)),
      ],
      i32.below(tee("p", i32.add(get("p"), i32.constant(KERNEL_STEP))), get("end")),
    ),
    ...set(
      "sum",
      lanes.reduce((total, lane) => i32.add(total, lane)),
    ),
  ];
}

/** target = combine(p, q), from p to `end`. */
function storeCombined({ get, tee, increase }: Locals, combine: (a: Code, b: Code) => Code): Code {
  return repeatWhile(
    [
      ...VECTORS.flatMap((offset) =>
        v128.store(get("target"), combine(v128.load(get("p"), offset), v128.load(get("q"), offset)), offset),
      ),
      ...increase("q", i32.constant(KERNEL_STEP)),
      ...increase("target", i32.constant(KERNEL_STEP)),
    ],
    i32.below(tee("p", i32.add(get("p"), i32.constant(KERNEL_STEP))), get("end")),
  );
}

const SUM_LOCALS = { p: "i32", q: "i32", end: "i32", sum: "i32", bytes8: "v128", words4: "v128" } as const;

const count: WasmFunction = {
  name: "count",
  parameters: ["a", "b", "bytes"],
  locals: SUM_LOCALS,
  returns: true,
  code: (local) => [
    ...local.set("p", local.get("a")),
    ...local.set("q", local.get("b")),
    ...local.set("end", i32.add(local.get("a"), local.get("bytes"))),
    ...sumOfIntersection(local),
    ...local.get("sum"),
  ],
};

function combination(name: string, combine: (a: Code, b: Code) => Code): WasmFunction {
  return {
    name,
    parameters: ["p", "q", "bytes", "target"],
    locals: { end: "i32" },
    returns: false,
    code: (local) => [
      ...local.set("end", i32.add(local.get("p"), local.get("bytes"))),
      ...storeCombined(local, combine),
    ],
  };
}

const countGroups: WasmFunction = {
  name: "countGroups",
  parameters: ["items", "stride", "group", "groupsEnd", "extension", "out", "scratch"],
  locals: { ...SUM_LOCALS, base: "i32", second: "i32", left: "i32", target: "i32" },
  returns: false,
  code: (local) => {
    const { get, set, tee, increase } = local;
    const bitmapOf = (item: Code): Code => i32.add(get("items"), i32.multiply(item, get("stride")));
    const countOne = [
      ...set("p", get("base")),
      ...set("q", bitmapOf(i32.load16(get("extension")))),
      ...set("end", i32.add(get("base"), get("stride"))),
      ...sumOfIntersection(local),
      ...i32.store(get("out"), i32.add(i32.load(get("out")), get("sum"))),
      ...increase("extension", i32.constant(2)),
      ...increase("out", i32.constant(4)),
    ];
    const prepareBase = ifElse(
      i32.equal(tee("second", i32.load16(i32.add(get("group"), i32.constant(2)))), i32.constant(NO_PREFIX)),
      set("base", bitmapOf(i32.load16(get("group")))),
      [
        ...set("p", bitmapOf(i32.load16(get("group")))),
        ...set("q", bitmapOf(get("second"))),
        ...set("end", i32.add(get("p"), get("stride"))),
        ...set("target", get("scratch")),
        ...storeCombined(local, v128.and),
        ...set("base", get("scratch")),
      ],
    );
    return when(
      i32.below(get("group"), get("groupsEnd")),
      repeatWhile(
        [
          ...prepareBase,
          ...set("left", i32.load(get("group"), 4)),
          ...repeatWhile(countOne, tee("left", i32.add(get("left"), i32.constant(-1)))),
        ],
        i32.below(tee("group", i32.add(get("group"), i32.constant(8))), get("groupsEnd")),
      ),
    );
  },
};

let compiled: WasmModule | null | undefined;

/** The kernel in WebAssembly with 128-bit SIMD, or `null` where the engine refuses it. */
export function wasmKernel(): Kernel | null {
  if (compiled === undefined) {
    const bytes = encodeModule([
      count,
      combination("intersect", v128.and),
      combination("subtract", v128.andNot),
      countGroups,
    ]);
    compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  }
  if (compiled === null) return null;
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536 });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return {
    name: "wasm",
    reserve: (bytes) => {
      const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
      if (missing > 0) memory.grow(missing);
      return new Uint8Array(memory.buffer);
    },
    count: exports["count"] as Kernel["count"],
    intersect: exports["intersect"] as Kernel["intersect"],
    subtract: exports["subtract"] as Kernel["subtract"],
    countGroups: exports["countGroups"] as Kernel["countGroups"],
  };
}
