import { expect, test } from "vitest";
import { nextTurn } from "../internal/next-turn.ts";
import { IngestLine } from "./ingest-line.ts";

const MB = 1024 * 1024;

/** A promise that is settled from outside. */
function gate(): { opened: Promise<void>; open: () => void; fail: (error: Error) => void } {
  let open = (): void => {};
  let fail: (error: Error) => void = () => {};
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { opened, open, fail };
}

async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

test("reads one body after the other while those before are written, and small ones beside large ones", async () => {
  const line = new IngestLine();
  const log: string[] = [];
  const reading = { a: gate(), b: gate(), large: gate() };
  const writing = gate();
  const send = (name: keyof typeof reading, bytes: number): Promise<void> =>
    line.pass(bytes, {
      read: async () => {
        log.push(name);
        await reading[name].opened;
      },
      items: () => 1,
      write: () => writing.opened,
    });
  const all = [send("a", 1), send("large", 2 * MB), send("b", 1)];
  await turns();
  expect(log).toEqual(["a", "large"]);
  reading.a.open();
  await turns();
  expect(log).toEqual(["a", "large", "b"]);
  reading.b.open();
  reading.large.open();
  writing.open();
  await Promise.all(all);
});

test("reads no further while too much is unwritten, and goes on when that is written or has failed", async () => {
  const line = new IngestLine();
  const writing = [gate(), gate(), gate()];
  let read = 0;
  const all = writing.map(({ opened }) =>
    line.pass(1, { read: () => Promise.resolve((read += 1)), items: () => 20_000, write: () => opened }),
  );
  await turns();
  expect(read).toBe(1);
  writing[0]?.fail(new Error("disk"));
  await expect(all[0]).rejects.toThrow("disk");
  await turns();
  expect(read).toBe(2);
  writing[1]?.open();
  await turns();
  expect(read).toBe(3);
  writing[2]?.open();
  await Promise.all(all.slice(1));
});

test("turns away what would wait too long, and takes it when the line is shorter", async () => {
  const line = new IngestLine();
  const reading = gate();
  const send = (read: () => Promise<void> = () => Promise.resolve()): Promise<void> =>
    line.pass(1, { read, items: () => 1, write: () => Promise.resolve() });
  const held = send(() => reading.opened);
  await turns();
  const waiting = Array.from({ length: 256 }, () => send());
  await expect(send()).rejects.toThrow(expect.objectContaining({ code: "rate_limited" }) as Error);
  reading.open();
  await Promise.all([held, ...waiting]);
  await send();
});

test("a body that cannot be read does not hold up the next", async () => {
  const line = new IngestLine();
  const bad = line.pass(1, {
    read: () => Promise.reject(new Error("bad")),
    items: () => 1,
    write: () => Promise.resolve(),
  });
  await expect(bad).rejects.toThrow("bad");
  const good = line.pass(1, { read: () => Promise.resolve(), items: () => 1, write: () => Promise.resolve("written") });
  expect(await good).toBe("written");
});
