import { withDeadline } from "../internal/deadline.ts";
import type { Delivery, DeliveryOutcome } from "../model/delivery.ts";
import { errorMessage, LoopsmithError } from "../model/errors.ts";
import { checkOptions } from "./check-options.ts";
import { credentialValue, type Credential } from "./credential.ts";
import type { Destination } from "./destination.ts";
import { failureGroup } from "./failure-group.ts";
import { attempted } from "./http-outcome.ts";
import { messageOf } from "./message.ts";
import { excerptOf } from "./plain-text.ts";

export interface EmailOptions {
  /** The mail server. It may stand in a private network: it comes from your code alone. */
  host: string;
  /** @default 587, or 465 with `secure` */
  port?: number;
  /** TLS from the first byte. @default false: STARTTLS when the server offers it */
  secure?: boolean;
  /** Refuse to go on without STARTTLS. @default true when `auth` is given */
  requireTls?: boolean;
  auth?: { user: string; pass: Credential };
  /** `Loopsmith <loopsmith@example.com>`. */
  from: string;
  to: string | readonly string[];
  /** Put before every subject. @default "[loopsmith]" */
  subjectPrefix?: string;
  /** For one attempt. @default 30 s */
  timeoutMs?: number;
}

/** The part of nodemailer that is used, so that its types are needed by nobody who sends no mail. */
interface Nodemailer {
  createTransport(options: object): { sendMail(mail: object): Promise<SentMail>; close(): void };
}
interface SentMail {
  accepted?: readonly unknown[];
  rejected?: readonly unknown[];
  response?: string;
}

/**
 * Sends mail by SMTP, as plain text, with the optional package `nodemailer`. The Message-ID is the same on every
 * attempt, so mail servers that check it show a retried message once; mail about one kind of failure forms one thread.
 */
export function email(options: EmailOptions): Destination {
  checkOptions("email", options, ["host", "from", "to"]);
  return {
    kind: "email",
    recording: false,
    deliver: (delivery, context) =>
      attempted(context, async () => {
        const nodemailer = await loadNodemailer();
        const deadline = { stop: context.signal, timeoutMs: options.timeoutMs ?? 30_000 };
        return withDeadline(deadline, (signal) =>
          sendMail(nodemailer, delivery, options, signal).catch((error: unknown) => outcomeOfMailError(error, signal)),
        );
      }),
  };
}

async function sendMail(
  nodemailer: Nodemailer,
  delivery: Delivery,
  options: EmailOptions,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const { auth } = options;
  const transport = nodemailer.createTransport({
    host: options.host,
    port: options.port,
    secure: options.secure ?? false,
    requireTLS: options.requireTls ?? (auth !== undefined && !options.secure),
    ...(auth && { auth: { user: auth.user, pass: await credentialValue(auth.pass, "auth.pass") } }),
    // Nothing in a message may make the mailer read a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const sent = await transport.sendMail({ ...mailOf(delivery, options), signal });
    const refused = sent.rejected?.length ?? 0;
    return {
      status: "delivered",
      detail: `${sent.response ?? "sent"}${refused > 0 ? `; ${refused} recipients refused` : ""}`,
    };
  } finally {
    transport.close();
  }
}

function mailOf(delivery: Delivery, options: EmailOptions): object {
  const { title, text, facts, evidence, url } = messageOf(delivery);
  const domain = /@([A-Za-z0-9.-]+)/.exec(options.from)?.[1] ?? "loopsmith.invalid";
  const thread = `<${failureGroup(delivery)}@${domain}>`;
  const sections = [
    text,
    facts.map(({ label, value }) => `${label}: ${value}`).join("\n"),
    evidence.length > 0 ? `Evidence:\n${evidence.map((item) => `- ${item}`).join("\n")}` : "",
    url ?? "",
    `Loopsmith delivery ${delivery.id}`,
  ];
  return {
    from: options.from,
    to: options.to,
    subject: excerptOf(`${options.subjectPrefix ?? "[loopsmith]"} ${title}`, 250),
    text: sections.filter((section) => section !== "").join("\n\n"),
    messageId: `<${delivery.id}@${domain}>`,
    references: thread,
    inReplyTo: thread,
    date: new Date(delivery.createdAt),
    headers: { "Auto-Submitted": "auto-generated", "X-Loopsmith-Delivery": delivery.id },
  };
}

/** The server's 5xx is its last word on a message and its recipients; TLS and credentials can be mended. */
function outcomeOfMailError(error: unknown, signal: AbortSignal): DeliveryOutcome {
  if (signal.aborted || !(error instanceof Error)) throw error;
  const { responseCode, code } = error as Error & { responseCode?: number; code?: string };
  const ofTheMail = code === "EENVELOPE" || code === "EMESSAGE";
  const rejected = ofTheMail && responseCode !== undefined && responseCode >= 500 && responseCode !== 503;
  return { status: rejected ? "dead" : "retry", reason: excerptOf(errorMessage(error), 300) };
}

async function loadNodemailer(): Promise<Nodemailer> {
  try {
    return await import("nodemailer");
  } catch (cause) {
    throw new LoopsmithError("unavailable", "The package nodemailer, which email() needs, is not installed.", {
      hint: "Run `npm install nodemailer`.",
      cause,
    });
  }
}
