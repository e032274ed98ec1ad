import { startReceiver, type Receiver } from "./receiver.ts";
import { isOk, type Scenario, type ScenarioContext } from "./scenario.ts";
import { sendLoad } from "./send-load.ts";
import { settleUp } from "./settle-up.ts";
import { startNode, type Broken } from "./start-node.ts";

/** What happens to the database while traces keep arriving. */
export interface Fault {
  /** The address of the database under test. */
  url: string;
  /** Does it; resolves when the database is as it was. */
  strike(): Promise<void>;
  /** Whether the work must go on meanwhile: nothing is down, it is only in the way. */
  staysUp: boolean;
}

/** Traces that arrive all the time; well below what the machine can do, so that falling behind shows. */
const BATCH = 10;
const EVERY_MS = 250;
/** A trace that is not judged this long after the last one of its stretch counts as not kept up with. */
const GRACE_MS = 3_000;
const RECOVERED_SHARE = 95;
const UNDER_PRESSURE_SHARE = 80;

/**
 * The rate before, during and after: traces of a stretch of time that were acknowledged and judged, so that a backlog which
 * is worked off afterwards does not count for the time after. Nothing is restarted by hand.
 */
export async function measureRecovery(
  { random, quick, say }: ScenarioContext,
  fault: Fault,
  broken?: Broken,
): ReturnType<Scenario["run"]> {
  const measureMs = quick ? 10_000 : 30_000;
  await using receiver = await startReceiver({ random, lostAcks: 0 });
  const database = { url: fault.url, schema: "chaos" };
  const acknowledged = new Set<string>();
  const options = { database, receiver: receiver.url, judge: receiver.url };
  const node = await startNode({ ...options, ...(broken ? { broken } : {}) });
  const load = sendLoad(node.url, acknowledged, { senders: 1, batch: BATCH, everyMs: EVERY_MS });
  /** Traces a second: those that arrived during the work, and those of them that were judged. */
  const rateWhile = async (work: Promise<unknown>): Promise<{ arrived: number; judged: number }> => {
    const [from, startedAt] = [acknowledged.size, performance.now()];
    await work;
    const seconds = (performance.now() - startedAt) / 1_000;
    const arrived = [...acknowledged].slice(from);
    await sleep(GRACE_MS);
    const perSecond = (traces: number): number => Math.round((traces / seconds) * 10) / 10;
    return { arrived: perSecond(arrived.length), judged: perSecond(countJudged(arrived, receiver)) };
  };
  await sleep(3_000);
  const before = await rateWhile(sleep(measureMs));
  const during = await rateWhile(fault.strike());
  const backAt = performance.now();
  const judged = receiver.paid.size;
  while (receiver.paid.size === judged && performance.now() - backAt < 60_000) await sleep(20);
  const firstAfterMs = Math.round(performance.now() - backAt);
  await sleep(5_000);
  const after = await rateWhile(sleep(measureMs));
  await load.stop();
  const alive = node.process.exitCode === null;
  await node.stop();
  const account = await settleUp({ database, receiver, acknowledged, judge: receiver.url });
  const share = (rate: { judged: number }): number => Math.round((rate.judged / before.judged) * 1_000) / 10;
  const [recovery, meanwhile] = [share(after), share(during)];
  const counts = { lost: account.lost, doubled: account.doubled, corrupt: 0 };
  const rates = { before, during, after, meanwhile, recovery };
  const details = { acknowledged: account.acknowledged, ...rates, firstAfterMs, alive };
  say(JSON.stringify(details));
  const keptUp = recovery >= RECOVERED_SHARE && (!fault.staysUp || meanwhile >= UNDER_PRESSURE_SHARE);
  return { points: 1, ...counts, ok: isOk(counts) && alive && keptUp, details };
}

function countJudged(traceIds: readonly string[], receiver: Receiver): number {
  return traceIds.filter((id) => receiver.paid.has(id)).length;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
