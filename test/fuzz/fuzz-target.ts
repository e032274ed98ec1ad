import { expect } from "vitest";
import { randomSource } from "../../src/internal/random.ts";
import { LoopsmithError } from "../../src/model/errors.ts";
import { mutateBytes } from "./mutate-bytes.ts";

/** Executions a target: small on every run, large when asked for (FUZZ_RUNS=1000000). */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 1500);
/** The same seed gives the same bodies. */
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000_007);

/**
 * Feeds mutations of the corpus to a parser: it may refuse them with an error of ours and a hint, and do nothing else.
 * Afterwards the built-in prototypes are what they were.
 */
export async function fuzz(corpus: readonly Uint8Array[], parse: (body: Buffer) => unknown): Promise<void> {
  const random = randomSource(SEED);
  const pick = (): Uint8Array => corpus[Math.floor(random() * corpus.length)] as Uint8Array;
  const before = prototypes();
  let taken = 0;
  for (let run = 0; run < RUNS; run++) {
    const body = mutateBytes(pick(), pick(), random);
    try {
      await parse(body);
      taken += 1;
    } catch (error) {
      if (!LoopsmithError.isInstance(error) || error.hint === "") {
        throw new Error(`FUZZ_SEED=${SEED}, run ${run}, body ${body.toString("base64")}`, { cause: error });
      }
    }
  }
  expect(prototypes(), `FUZZ_SEED=${SEED}`).toEqual(before);
  // A corpus that is always refused would test nothing behind the first check.
  expect(taken, `FUZZ_SEED=${SEED}`).toBeGreaterThan(0);
}

function prototypes(): PropertyKey[][] {
  const builtIns: object[] = [
    Object.prototype,
    Array.prototype,
    Function.prototype,
    Map.prototype,
    Object,
    Buffer.prototype,
  ];
  return builtIns.map((builtIn) => Reflect.ownKeys(builtIn));
}
