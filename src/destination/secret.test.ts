import { describe, expect, it } from "vitest";
import { webhook, tag } from "./action-helpers.ts";
import { resolveHeaders, resolveSecrets, sealAction } from "./secret.ts";
import { validateAction } from "./validate-action.ts";

const ONE = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const TWO = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

describe("sealing an action", () => {
  it("leaves no literal secret in it, and gives them back by name", () => {
    const headers = {
      Authorization: "Bearer canary",
      "X-Api-Key": "canary",
      "x-team": "rag",
      "x-token": "secret:NAMED",
    };
    const original = webhook("https://hooks.example/", { secret: [ONE, "NAMED", TWO], headers });
    const { action, secrets } = sealAction(original);

    expect(JSON.stringify(action)).not.toMatch(/whsec_|canary/);
    expect(validateAction(action)).toBe(action);
    expect(original.secret).toEqual([ONE, "NAMED", TWO]);
    if (action.action !== "webhook") throw new Error("still a webhook");
    const lookup = (name: string) => secrets.get(name) ?? (name === "NAMED" ? "by name" : undefined);
    expect(resolveSecrets(action.secret, lookup)).toEqual([ONE, "by name", TWO]);
    expect(resolveHeaders(action.headers, lookup)).toEqual({
      authorization: "Bearer canary",
      "x-api-key": "canary",
      "x-team": "rag",
      "x-token": "by name",
    });
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
