import { describe, expect, it } from "vitest";
import { webhook, tag } from "./action-helpers.ts";
import { secretNamed } from "./secret-named.ts";
import { resolveHeaders, resolveSecrets, sealAction, unsealAction } from "./secret.ts";

const ONE = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const TWO = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

describe("sealing an action", () => {
  it("leaves no literal secret in it, and gives them back to the attempt", async () => {
    const headers = {
      Authorization: "Bearer canary",
      "X-Api-Key": "canary",
      "x-team": "rag",
      "x-token": secretNamed("NAMED"),
    };
    const original = webhook("https://hooks.example/", { secret: [ONE, "NAMED", TWO], headers });
    const { action: sealed, secrets } = sealAction(original);

    expect(JSON.stringify(sealed)).not.toMatch(/whsec_|canary/);
    expect(original.secret).toEqual([ONE, "NAMED", TWO]);
    const stored = JSON.parse(JSON.stringify(sealed)) as typeof sealed;
    const action = await unsealAction(stored, (name) => Promise.resolve(secrets.get(name) ?? null));
    if (action.action !== "webhook") throw new Error("still a webhook");
    const lookup = (name: string) => (name === "NAMED" ? "by name" : undefined);
    expect(resolveSecrets(action.secret, lookup)).toEqual([ONE, "by name", TWO]);
    expect(resolveHeaders(action.headers, lookup)).toEqual({
      authorization: "Bearer canary",
      "x-api-key": "canary",
      "x-team": "rag",
      "x-token": "by name",
    });
  });

  it("reads no text as the name of a secret", async () => {
    const texts = ["secret:KEY", "sealed/KEY", "KEY", '{"sealed":"KEY"}', '{"secret":"KEY"}'];
    const headers = Object.fromEntries(texts.map((text, index) => [`x-topic-${index}`, text]));
    const sealed = sealAction(webhook("https://hooks.example/", { headers })).action;
    const asked: string[] = [];
    const action = await unsealAction(sealed, (name) => Promise.resolve((asked.push(name), "leaked")));
    if (action.action !== "webhook") throw new Error("still a webhook");
    expect(Object.values(resolveHeaders(action.headers, () => "leaked"))).toEqual(texts);
    expect(asked).toEqual([]);
  });

  it("keeps what it seals under names of its own", async () => {
    const { secrets } = sealAction(webhook("https://hooks.example/", { secret: ONE }));
    expect([...secrets.keys()]).toEqual([expect.stringMatching(/^sealed\//)]);
    const forged = { action: "webhook", url: "https://x.example", secret: { sealed: "server-signing-key" } } as const;
    const names: string[] = [];
    await unsealAction(forged, (name) => Promise.resolve((names.push(name), ONE)));
    expect(names).toEqual(["sealed/server-signing-key"]);
    await expect(unsealAction(forged, () => Promise.resolve(null))).rejects.toThrow("There is no secret named");
  });

  it("gives the same action for the same secrets, sealed once or twice", () => {
    const once = sealAction(webhook("https://hooks.example/", { secret: ONE })).action;
    expect(sealAction(webhook("https://hooks.example/", { secret: ONE })).action).toEqual(once);
    expect(sealAction(once)).toEqual({ action: once, secrets: new Map() });
  });

  it("leaves other actions alone", () => {
    expect(sealAction(tag("t"))).toEqual({ action: tag("t"), secrets: new Map() });
  });
});
