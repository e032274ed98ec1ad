import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Trace } from "../../model/trace.ts";
import type { Store } from "../../store/store.ts";

/** The metadata key under which whatever an evaluator traces carries its lineage. */
export const LINEAGE_KEY = "loopsmith_lineage";

/** Tells what our own evaluators traced from what they judge. */
export interface Lineage {
  /** A signed mark for everything that is traced while this trace is judged. */
  sign(traceId: string): string;
  /** Whether one of our evaluators traced it. A mark that is forged, copied from long ago or cut short counts as none. */
  isOwn(trace: Trace): boolean;
}

const SECRET = "lineage-key";
/** Evaluators trace while they run; a mark that is copied later into another trace must not hide it. */
const VALID_MS = 60 * 60_000;
/** Clocks of evaluators may be off. */
const SKEW_MS = 10 * 60_000;

/**
 * Signs with the key given, else with the store's own random one. Loops with different stores over one project recognise each
 * other's evaluators only by a key they share.
 */
export async function openLineage(store: Store, key: string | null): Promise<Lineage> {
  const secret = key ?? (await storedKey(store));
  const mac = (signed: string): Buffer => createHmac("sha256", secret).update(signed).digest();

  function isValid(mark: string, startAt: number): boolean {
    const end = mark.lastIndexOf(".");
    const [version, issued = "", traceId] = mark.slice(0, end).split(".");
    const given = Buffer.from(mark.slice(end + 1), "base64url");
    const expected = mac(mark.slice(0, end));
    if (version !== "v1" || traceId === undefined || given.length !== expected.length) return false;
    if (!timingSafeEqual(given, expected)) return false;
    const age = startAt - Number.parseInt(issued, 36);
    return age >= -SKEW_MS && age <= VALID_MS;
  }

  return {
    sign(traceId) {
      const signed = `v1.${Math.floor(store.now()).toString(36)}.${traceId}`;
      return `${signed}.${mac(signed).toString("base64url")}`;
    },
    isOwn: (trace) =>
      trace.spans.some(({ metadata, startAt }) => {
        const mark = metadata[LINEAGE_KEY];
        return typeof mark === "string" && isValid(mark, startAt);
      }),
  };
}

async function storedKey(store: Store): Promise<string> {
  const known = await store.secretGet({ name: SECRET });
  if (known !== null) return known;
  // The first writer wins, so whoever loses the race reads the winner's key.
  await store.secretPut({ secrets: new Map([[SECRET, randomBytes(32).toString("base64")]]) });
  const key = await store.secretGet({ name: SECRET });
  if (key === null) throw new Error("the lineage key was not kept");
  return key;
}
