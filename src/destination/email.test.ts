import { describe, expect, it } from "vitest";
import { aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import { scriptedSmtp, type ReceivedMail, type ScriptedSmtpServer } from "../../test/servers/scripted-smtp.ts";
import type { NotifyAction } from "../model/action.ts";
import { notify } from "./action-helpers.ts";
import type { Destination } from "./destination.ts";
import { email, type EmailOptions } from "./email.ts";

function mailer(server: ScriptedSmtpServer, overrides: Partial<EmailOptions> = {}): Destination {
  return email({
    host: "127.0.0.1",
    port: server.port,
    from: "Loopsmith <loopsmith@example.com>",
    to: ["oncall@example.com", "team@example.com"],
    ...overrides,
  });
}

function aMail(action: Partial<NotifyAction> = {}) {
  return aDelivery(notify("mail", action));
}

/** Headers by lower-case name, unfolded, and the body with quoted-printable undone. */
function parsed(mail: ReceivedMail | undefined): { headers: Map<string, string>; lines: string[]; body: string } {
  const [head = "", ...rest] = (mail?.data ?? "").split("\r\n\r\n");
  const lines = head.replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
  const body = rest.join("\r\n\r\n").replace(/=\r\n/g, "");
  return {
    headers,
    lines,
    body: /quoted-printable/.test(head) ? decodeURIComponent(body.replace(/%/g, "%25").replace(/=/g, "%")) : body,
  };
}

describe("email", () => {
  it("sends a plain mail to every recipient, with stable Message-ID and thread", async () => {
    await using server = await scriptedSmtp();
    const delivery = aMail({ title: "Low faithfulness", url: "https://traces.example/1" });
    expect(await mailer(server).deliver(delivery, deliveryContext())).toEqual({
      status: "delivered",
      detail: "250 2.0.0 queued",
    });
    const [mail] = server.mails;
    expect([mail?.from, mail?.to]).toEqual(["loopsmith@example.com", ["oncall@example.com", "team@example.com"]]);
    const { headers, body } = parsed(mail);
    expect(headers.get("subject")).toBe("[loopsmith] Low faithfulness");
    expect(headers.get("message-id")).toBe(`<${delivery.id}@example.com>`);
    expect(headers.get("references")).toMatch(/^<[0-9a-f-]{36}@example\.com>$/);
    expect(headers.get("auto-submitted")).toBe("auto-generated");
    expect(headers.get("content-type")).toMatch(/^text\/plain/);
    for (const part of [
      "Score: faithfulness 0.31, below 0.7",
      "Culprit: retrieval (retriever)",
      "https://traces.example/1",
      delivery.id,
    ]) {
      expect(body).toContain(part);
    }
  });

  it("repeats the same Message-ID when the acknowledgement was lost", async () => {
    await using server = await scriptedSmtp([{ loseAck: true }, {}]);
    const delivery = aMail();
    expect(await mailer(server).deliver(delivery, deliveryContext())).toMatchObject({ status: "retry" });
    expect(await mailer(server).deliver({ ...delivery, attempts: 1 }, deliveryContext())).toMatchObject({
      status: "delivered",
    });
    const [first, second] = server.mails.map((mail) => parsed(mail).headers.get("message-id"));
    expect([server.mails.length, second]).toEqual([2, first]);
  });

  it("lets no text break out into a header or end the message", async () => {
    await using server = await scriptedSmtp();
    const hostile = "x\r\nBcc: victim@example.com\r\n\r\nbody\r\n.\r\nMAIL FROM:<evil@example.com>";
    const delivery = aMail({ title: hostile, text: hostile, data: { [hostile]: hostile } });
    await mailer(server).deliver(delivery, deliveryContext());
    expect(server.mails.length).toBe(1);
    expect(server.mails[0]?.to).toEqual(["oncall@example.com", "team@example.com"]);
    const { headers, lines, body } = parsed(server.mails[0]);
    expect(headers.has("bcc")).toBe(false);
    expect(lines.filter((line) => !/^[A-Za-z0-9-]+: /.test(line))).toEqual([]);
    expect(body).toContain("\r\n.\r\n");
    expect(server.commands.filter((line) => line.startsWith("MAIL"))).toHaveLength(1);
  });

  it("keeps text beyond ASCII", async () => {
    await using server = await scriptedSmtp();
    await mailer(server).deliver(aMail({ title: "größer 漢字 🙂", text: "größer 漢字 🙂" }), deliveryContext());
    const { headers, body } = parsed(server.mails[0]);
    expect(headers.get("subject")).toMatch(/=\?UTF-8\?[QB]\?/i);
    const text = /base64/.test(server.mails[0]?.data ?? "") ? Buffer.from(body, "base64").toString() : body;
    expect(text).toContain("größer 漢字 🙂");
  });

  it("tells a refusal for good from one for now", async () => {
    const refuse = (reply: string) => () => reply;
    await using server = await scriptedSmtp([
      { recipient: refuse("550 5.1.1 no such user") },
      { recipient: refuse("450 4.2.1 greylisted") },
      { message: "554 5.7.1 spam" },
      { message: "451 4.3.0 later" },
      { recipient: (address) => (address.startsWith("team") ? "550 5.1.1 no such user" : undefined) },
    ]);
    const outcomes = [];
    for (let i = 0; i < 5; i++) outcomes.push(await mailer(server).deliver(aMail(), deliveryContext()));
    expect(outcomes).toMatchObject([
      { status: "dead", reason: expect.stringContaining("550") },
      { status: "retry", reason: expect.stringContaining("450") },
      { status: "dead", reason: expect.stringContaining("554") },
      { status: "retry", reason: expect.stringContaining("451") },
      { status: "delivered", detail: "250 2.0.0 queued; 1 recipients refused" },
    ]);
  });

  it("tries again when the server hangs or is gone, and stops when the process does", async () => {
    await using server = await scriptedSmtp([{ hang: true }]);
    const impatient = mailer(server, { timeoutMs: 100 });
    expect(await impatient.deliver(aMail(), deliveryContext())).toEqual({
      status: "retry",
      reason: "no answer within 100 ms",
    });
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error("stopping")), 50);
    const stopped = mailer(server).deliver(aMail(), deliveryContext({ signal: stopping.signal }));
    await expect(stopped).rejects.toThrow("stopping");
    const gone = await scriptedSmtp();
    await gone[Symbol.asyncDispose]();
    expect(await mailer(gone).deliver(aMail(), deliveryContext())).toMatchObject({ status: "retry" });
  });

  it("logs in, tries refused credentials again, and never sends them in the clear unless told to", async () => {
    await using server = await scriptedSmtp([{}, { auth: "535 5.7.8 wrong" }]);
    const auth = { user: "loop", pass: () => "s3cret" };
    expect(await mailer(server, { auth }).deliver(aMail(), deliveryContext())).toMatchObject({ status: "retry" });
    expect(server.commands.some((line) => line.startsWith("AUTH"))).toBe(false);
    const trusting = mailer(server, { auth, requireTls: false });
    const refused = await trusting.deliver(aMail(), deliveryContext());
    expect(refused).toMatchObject({ status: "retry", reason: expect.stringContaining("535") });
    const credentials = server.commands.find((line) => line.startsWith("AUTH PLAIN"))?.slice(11) ?? "";
    expect(Buffer.from(credentials, "base64").toString()).toBe("\0loop\0s3cret");
    expect(JSON.stringify(refused)).not.toContain("s3cret");
  });

  it("refuses to be made without host, sender or recipient", () => {
    expect(() => email({ host: "", from: "a@example.com", to: "b@example.com" })).toThrow(/email\(\) needs `host`/);
    expect(() => email({ host: "mail.example.com", from: "a@example.com", to: [] })).toThrow(/email\(\) needs `to`/);
  });
});
