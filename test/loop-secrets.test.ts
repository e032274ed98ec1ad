import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { webhook } from "../src/destination/action-helpers.ts";
import { secretNamed } from "../src/destination/secret-named.ts";
import { createFeedbackLoop } from "../src/loop.ts";
import { signingKey } from "../src/server/signing-key.ts";
import { sqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { json, rootWrite } from "./contract/span-writes.ts";
import { scriptedHttp } from "./servers/scripted-http.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-secrets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("sends sealed and named secrets, and the text of a trace as it is, whatever it names", async () => {
  await using store = await sqliteStore({ path: join(folder, "d.db") });
  await using http = await scriptedHttp([200]);
  await signingKey(store);
  const topic = "secret:server-signing-key";
  const now = Date.now();
  await store.spanIngest({ spans: [rootWrite({ startAt: now - 10, endAt: now, outputs: json({ topic }) })] });
  await using loop = createFeedbackLoop({
    client: { store, subscribe: () => () => {} },
    projectName: "contract",
    evaluator: () => 0,
    threshold: 0.5,
    settleMs: 0,
    learn: false,
    allowPrivateNetworks: true,
    secrets: { TOKEN: "by name" },
    onFailure: (run) => {
      const text = String(run.outputs?.["topic"]);
      const headers = { "x-topic": text, "x-token": text, cookie: "literal", authorization: secretNamed("TOKEN") };
      return webhook(`${http.url}/hook`, { headers });
    },
  });
  await loop.runOnce();
  expect(await loop.deliveries()).toMatchObject([{ state: "delivered" }]);
  expect(http.requests[0]?.headers).toMatchObject({
    "x-topic": topic,
    "x-token": topic,
    cookie: "literal",
    authorization: "by name",
  });
  expect(JSON.stringify(await loop.deliveries())).not.toMatch(/literal|by name/);
});
