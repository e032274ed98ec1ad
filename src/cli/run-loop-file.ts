import { Client } from "langsmith";
import { createFeedbackLoop, type FeedbackLoop } from "../loop.ts";
import type { RunOptions, RunSummary } from "../loop/run-through.ts";
import { embeddedPlatform } from "../platform/embedded.ts";
import { langsmithPlatform } from "../platform/langsmith.ts";
import type { Server } from "../server/create-server.ts";
import { openStore, setDefaultStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { CommandContext, StoreFlags } from "./command.ts";
import type { Environment } from "./environment.ts";
import { isRunningLoop, loadLoopFile, type LoopFile } from "./load-loop-file.ts";
import { startLocalServer, type LocalServer } from "./local-server.ts";
import { tallyOf } from "./run-tally.ts";
import { assertAllJudged, renderReport, runReport } from "./summary.ts";
import { progressBar } from "./progress-bar.ts";
import { storePlace } from "./store-place.ts";
import { describeError } from "./terminal.ts";
import { untilToldToStop } from "./until-told-to-stop.ts";

export interface RunFlags extends StoreFlags {
  inProcess?: boolean;
  /** Without a LangSmith: read the store's traces directly, and start no server. */
  direct?: boolean;
  json?: boolean;
}

export interface Session {
  loops: FeedbackLoop[];
  file: LoopFile;
  store: Store;
  client: Client;
  local: LocalServer | null;
  close(): Promise<void>;
}

/**
 * Runs every loop of the file to the end of its work and prints what it came to.
 * @throws LoopsmithError `evaluator_failed` or `budget_exhausted`, after the report, where traces were left for that reason
 */
export async function runLoopFile(
  path: string,
  flags: RunFlags,
  context: CommandContext,
  work: (loop: FeedbackLoop, onProgress: NonNullable<RunOptions["onProgress"]>) => Promise<RunSummary>,
): Promise<void> {
  const { terminal } = context;
  const progress = progressBar(terminal);
  const session = await openSession(path, flags, context);
  try {
    await session.file.source?.((text) => progress.show(null, text));
    const reports = [];
    for (const loop of session.loops) {
      loop.on("error", ({ error, traceId }) => {
        progress.clear();
        terminal.err(`${loop.name}${traceId ? ` (trace ${traceId})` : ""}: ${describeError(error)}`);
      });
      const tally = tallyOf(loop);
      await work(loop, ({ judged, waiting, total }) => {
        if (total === null) progress.show(null, `${loop.name}: looked at ${waiting} traces`);
        else progress.show(total === 0 ? 1 : judged / total, `${loop.name}: ${judged} of ${total} judged`);
      });
      progress.clear();
      const patterns = await loop.patterns({ window: "52w" });
      const report = await runReport({
        store: session.store,
        loop,
        tally,
        patterns,
        queueSize: (queueName) => platformOf(session, flags).queueSize({ queueName }),
      });
      reports.push({ loop: loop.name, ...report });
      if (!flags.json) terminal.out(`${session.loops.length > 1 ? `${loop.name}\n` : ""}${renderReport(report)}`);
    }
    const [only] = reports;
    if (flags.json) terminal.out(JSON.stringify(reports.length === 1 ? only : { loops: reports }));
    assertAllJudged(reports);
  } finally {
    progress.clear();
    await session.close();
  }
}

/** Shows what every loop of the file would have done. */
export async function dryRunLoopFile(
  path: string,
  flags: RunFlags & { since: string; limit?: number },
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const session = await openSession(path, flags, context);
  try {
    for (const loop of session.loops) {
      const report = await loop.dryRun({
        since: flags.since,
        ...(flags.limit === undefined ? {} : { limit: flags.limit }),
      });
      if (flags.json) {
        terminal.out(JSON.stringify({ loop: loop.name, ...report }));
        continue;
      }
      const { outcomes, cost } = report;
      const more = report.more ? " (there are more; --limit takes them in)" : "";
      terminal.out(
        `${loop.name}: ${report.traces} traces since ${flags.since}${more}, ${report.sampledOut} sampled out`,
      );
      terminal.out(`  ${outcomes.fail} would fail, ${outcomes.pass} pass, ${outcomes.error} could not be judged`);
      terminal.out(`  at most ${cost.calls} evaluator calls, ${cost.tokens} tokens, $${cost.usd.toFixed(2)}`);
      for (const { kind, target, count } of report.deliveries) terminal.out(`  ${count} x ${kind} to ${target}`);
      for (const { name, count } of report.culprits) terminal.out(`  ${count} x culprit ${name}`);
    }
  } finally {
    await session.close();
  }
}

/** Runs every loop of the file until the process is told to stop. */
export async function watchLoopFile(path: string, flags: RunFlags, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const session = await openSession(path, flags, context);
  const toldToStop = untilToldToStop();
  try {
    for (const loop of session.loops) {
      loop.on("failure:detected", ({ failure }) => {
        const culprit = failure.culprit?.name ?? "not attributable";
        if (flags.json) terminal.out(JSON.stringify({ event: "failure:detected", failure }));
        else
          terminal.out(
            `${loop.name}: ${failure.traceId} failed ${failure.key} (${failure.score}); culprit: ${culprit}`,
          );
      });
      loop.on("delivery:dead", ({ delivery, reason }) =>
        terminal.err(`${loop.name}: gave up on ${delivery.action.action} ${delivery.id}: ${reason}`),
      );
      loop.on("error", ({ error, during }) => terminal.err(`${loop.name}: ${during}: ${describeError(error)}`));
      await loop.start();
      terminal.err(`${loop.name}: watching project ${loop.projectName}`);
    }
    await toldToStop;
    terminal.err("stopping; what is in hand is finished first");
  } finally {
    await session.close();
  }
}

/** The loops of a file over the store, server and client that flags and environment name. */
export async function openSession(path: string, flags: RunFlags, context: CommandContext): Promise<Session> {
  const environment = context.environment();
  setDefaultStore(storePlace(environment, flags));
  const direct = flags.direct && environment.langsmithEndpoint === null;
  // Newest first; whatever was opened is closed, also when the file turns out to be no loop.
  const cleanups: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const local = environment.langsmithEndpoint === null && !direct ? await startLocalServer(environment) : null;
    if (local) cleanups.push(() => local.close());
    const store = local?.server?.store ?? (await openStore());
    if (!local?.server) cleanups.push(() => store.close());
    // The file's own `new Client()` and traceables read these.
    if (local) useServer(local, environment);
    const file = await loadLoopFile(path);
    const client = new Client();
    cleanups.push(async () => client.awaitPendingTraceBatches());
    const inProcess = direct ? { store } : flags.inProcess ? local?.server : null;
    const loops = file.loops.map((loop) => {
      if (isRunningLoop(loop)) return loop;
      return createFeedbackLoop({ ...loop, client: loop.client ?? inProcess ?? client, store: loop.store ?? store });
    });
    cleanups.push(async () => void (await Promise.all(loops.map((loop) => loop.stop()))));
    return { loops, file, store, client, local, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function useServer(local: LocalServer, environment: Environment): void {
  process.env["LANGSMITH_ENDPOINT"] = local.url;
  process.env["LANGSMITH_TRACING"] = "true";
  process.env["LANGSMITH_API_KEY"] = environment.apiKey ?? environment.langsmithApiKey ?? "local";
}

function platformOf(session: Session, flags: RunFlags): { queueSize(params: { queueName: string }): Promise<number> } {
  const server: Server | null | undefined = flags.inProcess ? session.local?.server : null;
  return server ? embeddedPlatform(server) : langsmithPlatform({ client: session.client });
}
