import { createServer, type AddressInfo, type Socket } from "node:net";

export interface ReceivedMail {
  from: string;
  to: string[];
  /** Headers and body as they came over the wire, dots unstuffed. */
  data: string;
}

/** What one connection does instead of accepting the mail. Everything else is answered as a mail server would. */
export interface SmtpStep {
  /** Never greets. */
  hang?: boolean;
  /** The reply to `RCPT TO`, in place of 250, by recipient. */
  recipient?: (address: string) => string | undefined;
  /** The reply after the message, in place of 250. */
  message?: string;
  /** Takes the message and resets the connection before acknowledging it. */
  loseAck?: boolean;
  /** The reply to `AUTH`, in place of 235. */
  auth?: string;
}

export interface ScriptedSmtpServer extends AsyncDisposable {
  port: number;
  mails: ReceivedMail[];
  /** Every line a client sent outside of messages. */
  commands: string[];
}

/** A real SMTP server on loopback, without TLS; the nth connection behaves by the nth step, the last step for ever. */
export async function scriptedSmtp(steps: readonly SmtpStep[] = [{}]): Promise<ScriptedSmtpServer> {
  const mails: ReceivedMail[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    const step = steps[Math.min(connections++, steps.length - 1)] ?? {};
    if (!step.hang) converse(socket, step, mails, commands);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    commands,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function converse(socket: Socket, step: SmtpStep, mails: ReceivedMail[], commands: string[]): void {
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  let mail: ReceivedMail = { from: "", to: [], data: "" };
  let inMessage = false;
  let buffer = "";

  const command = (line: string): void => {
    commands.push(line);
    const [verb = ""] = line.toUpperCase().split(/[ :]/);
    const address = /<(.*?)>/.exec(line)?.[1] ?? "";
    if (verb === "EHLO") say("250-scripted\r\n250-AUTH PLAIN\r\n250 SMTPUTF8");
    else if (verb === "AUTH") say(step.auth ?? "235 2.7.0 welcome");
    else if (verb === "MAIL") {
      mail = { from: address, to: [], data: "" };
      say("250 2.1.0 ok");
    } else if (verb === "RCPT") {
      const refusal = step.recipient?.(address);
      if (refusal === undefined) mail.to.push(address);
      say(refusal ?? "250 2.1.5 ok");
    } else if (verb === "DATA") {
      inMessage = true;
      say("354 go ahead");
    } else if (verb === "QUIT") {
      say("221 bye");
      socket.end();
    } else say(verb === "RSET" || verb === "NOOP" ? "250 ok" : "502 5.5.1 not implemented");
  };

  const message = (line: string): void => {
    if (line !== ".") {
      mail.data += `${line.startsWith("..") ? line.slice(1) : line}\r\n`;
      return;
    }
    inMessage = false;
    if (step.loseAck) {
      mails.push(mail);
      socket.resetAndDestroy();
    } else if (step.message !== undefined) say(step.message);
    else {
      mails.push(mail);
      say("250 2.0.0 queued");
    }
  };

  socket.on("data", (chunk: Buffer) => {
    buffer += chunk.toString("utf8");
    for (let end = buffer.indexOf("\r\n"); end >= 0; end = buffer.indexOf("\r\n")) {
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      if (inMessage) message(line);
      else command(line);
    }
  });
  say("220 scripted ESMTP");
}
