import { describe, expect, it } from "vitest";
import { aContext, aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import { scriptedHttp, type Step } from "../../test/servers/scripted-http.ts";
import { notify } from "./action-helpers.ts";
import { slackMessage } from "./slack-message.ts";
import { slack } from "./slack.ts";

const open = { allowPrivateNetworks: true };

describe("Slack", () => {
  it("posts blocks to an incoming webhook", async () => {
    await using server = await scriptedHttp([{ status: 200, body: "ok" }]);
    const delivery = aDelivery(notify("team", { title: "Low score", url: "https://traces.example/1?a=1&b=2|3" }));
    const outcome = await slack({ webhookUrl: `${server.url}/services/T/B/x`, ...open }).deliver(
      delivery,
      deliveryContext(),
    );
    expect(outcome).toEqual({ status: "delivered", detail: "status 200" });
    const body = JSON.parse(server.requests[0]?.body ?? "");
    expect(server.requests[0]?.path).toBe("/services/T/B/x");
    expect(body).toMatchObject({ text: "Low score", unfurl_links: false, link_names: false });
    expect(body.blocks[0]).toEqual({ type: "header", text: { type: "plain_text", text: "Low score", emoji: false } });
    expect(JSON.stringify(body.blocks)).toContain(
      `Loopsmith delivery ${delivery.id} · <https://traces.example/1?a=1&amp;b=2%7C3|Open>`,
    );
  });

  it.each(["&", "<", "😀", "`"])("keeps to Slack's limits, whatever a trace is made of (%s)", (character) => {
    const long = character.repeat(5_000);
    const culprit = { name: long, kind: long, evidence: Array.from({ length: 9 }, () => long) };
    const delivery = aDelivery(notify("team", { title: long, text: long, data: { [long]: long } }), {
      context: aContext("t", { culprit }),
    });
    const blocks = slackMessage(delivery)["blocks"] as unknown as { type: string; text?: Text; fields?: Text[] }[];
    interface Text {
      text: string;
    }
    for (const { type, text, fields = [] } of blocks) {
      if (text) expect(text.text.length).toBeLessThanOrEqual(type === "header" ? 150 : 3_000);
      for (const field of fields) expect(field.text.length).toBeLessThanOrEqual(2_000);
      for (const { text: sent } of [...(text ? [text] : []), ...fields]) {
        expect(sent).not.toMatch(/&(?!amp;|lt;|gt;)|\p{Surrogate}/u);
      }
    }
  });

  it("posts as a bot, with a token fetched at every attempt", async () => {
    await using server = await scriptedHttp([{ status: 200, body: { ok: true, ts: "17.5" } }]);
    let fetched = 0;
    const bot = slack({
      token: async () => `xoxb-${++fetched}`,
      channel: "C024BE91L",
      apiUrl: `${server.url}/api`,
      ...open,
    });
    expect(await bot.deliver(aDelivery(notify("team")), deliveryContext())).toEqual({
      status: "delivered",
      detail: "message 17.5",
    });
    await bot.deliver(aDelivery(notify("team")), deliveryContext());
    expect(server.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/api/chat.postMessage", "Bearer xoxb-1"],
      ["/api/chat.postMessage", "Bearer xoxb-2"],
    ]);
    expect(JSON.parse(server.requests[0]?.body ?? "")).toMatchObject({ channel: "C024BE91L" });
  });

  it.each<[step: Step, outcome: object]>([
    [
      { status: 400, body: "invalid_payload" },
      { status: "dead", reason: "status 400: invalid_payload" },
    ],
    [{ status: 404, body: "channel_not_found" }, { status: "retry" }],
    [
      { status: 410, body: "channel_is_archived" },
      { status: "dead", disable: true },
    ],
    [
      { status: 429, headers: { "retry-after": "30" } },
      { status: "retry", retryAfterMs: 30_000 },
    ],
    [{ status: 500, body: "rollup_error" }, { status: "retry" }],
  ])("reads a webhook's answer %j as %j", async (step, outcome) => {
    await using server = await scriptedHttp([step]);
    const destination = slack({ webhookUrl: server.url, ...open });
    expect(await destination.deliver(aDelivery(notify("team")), deliveryContext())).toMatchObject(outcome);
  });

  it.each<[step: Step, outcome: object]>([
    [
      { status: 200, body: { ok: false, error: "channel_not_found" } },
      { status: "retry", reason: "Slack says channel_not_found" },
    ],
    [{ status: 200, body: { ok: false, error: "invalid_blocks" } }, { status: "dead" }],
    [
      { status: 200, body: "<html>" },
      { status: "retry", reason: "Slack says an answer that is not JSON" },
    ],
    [
      { status: 429, headers: { "retry-after": "1" } },
      { status: "retry", retryAfterMs: 1_000 },
    ],
  ])("reads the API's answer %j as %j", async (step, outcome) => {
    await using server = await scriptedHttp([step]);
    const destination = slack({ token: "xoxb", channel: "C1", apiUrl: server.url, ...open });
    expect(await destination.deliver(aDelivery(notify("team")), deliveryContext())).toMatchObject(outcome);
  });

  it("lets no text mention, link or format", () => {
    const hostile = "<!channel> <@U123> <https://evil.example|Login> *bold* `code` & @here https://evil.example";
    const culprit = { name: hostile, kind: "llm", span_id: "s", evidence: [hostile] };
    const message = slackMessage(
      aDelivery(notify("team", { title: hostile, text: hostile, data: { [hostile]: hostile } }), {
        context: aContext("t", { culprit }),
      }),
    );
    const json = JSON.stringify(message);
    expect(json).not.toMatch(/<[!@#h]/);
    const read = (value: unknown): { type?: string; text?: string; verbatim?: boolean }[] =>
      typeof value !== "object" || value === null
        ? []
        : [
            ...("type" in value && "text" in value ? [value as { type: string; text: string }] : []),
            ...Object.values(value).flatMap(read),
          ];
    const markup = read(message.blocks).filter(({ type }) => type === "mrkdwn");
    expect(markup.length).toBeGreaterThan(3);
    for (const { text, verbatim } of markup) {
      expect(verbatim).toBe(true);
      // Outside of inline code nothing of the trace is left.
      expect(text?.replace(/`[^`]*`/g, "")).not.toMatch(/evil|bold|here|channel/);
    }
  });

  it("stays within Slack's limits", () => {
    const long = "x".repeat(50_000);
    const data = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, long]));
    const culprit = { name: long, kind: long, span_id: long, evidence: Array.from({ length: 50 }, () => long) };
    const message = slackMessage(
      aDelivery(notify("team", { title: long, text: long, data }), { context: aContext("t", { culprit }) }),
    );
    const blocks = message.blocks as { type: string; text?: { text: string }; fields?: { text: string }[] }[];
    expect(blocks.length).toBeLessThan(50);
    for (const { type, text, fields = [] } of blocks) {
      expect(text?.text.length ?? 0).toBeLessThanOrEqual(type === "header" ? 150 : 3_000);
      expect(fields.length).toBeLessThanOrEqual(10);
      for (const field of fields) expect(field.text.length).toBeLessThanOrEqual(2_000);
    }
  });

  it("refuses to be made from an empty environment", () => {
    expect(() => slack({ webhookUrl: "" })).toThrow(/slack\(\) needs `webhookUrl`/);
    expect(() => slack({ token: "", channel: "C1" })).toThrow(/slack\(\) needs `token`/);
    expect(() => slack({ token: "xoxb", channel: "" })).toThrow(/slack\(\) needs `channel`/);
  });
});
