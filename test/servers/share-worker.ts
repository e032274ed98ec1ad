// Serves shares of searches on PostgreSQL until it is killed. Arguments: url, schema, how far its clock is off in ms. Says "ready", and "holding" with
// each share that it takes.
import { serveShares } from "../../src/loop/learn/serve-shares.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import type { Store } from "../../src/store/store.ts";

const [url = "", schema = "", skewMs = "0"] = process.argv.slice(2);
const store = await postgresStore({ url, schema, poolSize: 2, now: () => Date.now() + Number(skewMs) });
process.stdout.write("ready\n");
const miningClaim: Store["miningClaim"] = async (params) => {
  const share = await store.miningClaim(params);
  if (share) process.stdout.write("holding\n");
  return share;
};
await serveShares(
  { ...store, miningClaim },
  {
    signal: new AbortController().signal,
    idleMs: 50,
    onError: (error) => console.error(error),
  },
);
