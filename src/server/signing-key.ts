import { randomBytes } from "node:crypto";
import type { Store } from "../store/store.ts";

const NAME = "server-signing-key";

/** The store's own random key for signed URLs, made on first use; every process on the store gets the same. */
export async function signingKey(store: Store): Promise<Buffer> {
  const known = await store.secretGet({ name: NAME });
  if (known !== null) return Buffer.from(known, "base64");
  // The first writer wins, so whoever loses the race reads the winner's key.
  await store.secretPut({ secrets: new Map([[NAME, randomBytes(32).toString("base64")]]) });
  return Buffer.from((await store.secretGet({ name: NAME })) ?? "", "base64");
}
