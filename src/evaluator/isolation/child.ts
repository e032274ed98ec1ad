import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import type { Score } from "../../model/score.ts";
import { toRuns } from "../../wire/to-run.ts";
import type { Evaluator } from "../evaluator.ts";
import { loadEvaluator } from "./load-evaluator.ts";
import { ANSWER_FD, type IsolatedAnswer, type IsolatedCall, type IsolatedModule } from "./protocol.ts";

/** What runs inside the isolated process: loads the evaluator once, then answers one call after the other. */
async function serve(): Promise<void> {
  let loading: Promise<Evaluator> | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    if (!loading) {
      loading = loadEvaluator(JSON.parse(line) as IsolatedModule);
      // The first call hears why it failed.
      loading.catch(() => undefined);
      continue;
    }
    const answer = await evaluate(loading, JSON.parse(line) as IsolatedCall).then(
      (scores): IsolatedAnswer => ({ scores }),
      (error: unknown): IsolatedAnswer => ({ error: described(error) }),
    );
    writeSync(ANSWER_FD, `${JSON.stringify(answer)}\n`);
  }
  // Whoever asked is gone; what the evaluator left running must not keep the process.
  process.kill(process.pid, "SIGKILL");
}

async function evaluate(loading: Promise<Evaluator>, { trace, spanId, ...extras }: IsolatedCall): Promise<Score[]> {
  const evaluator = await loading;
  const runs = toRuns(trace);
  const span = trace.spans.find((candidate) => candidate.id === spanId) ?? trace.root;
  return evaluator.evaluate({
    trace,
    span,
    run: runs.get(span.id)!,
    root: runs.get(trace.root.id)!,
    // What ends a call ends the process, so nothing aborts before.
    signal: new AbortController().signal,
    ...extras,
  });
}

function described(error: unknown): NonNullable<IsolatedAnswer["error"]> {
  const message = errorMessage(error);
  if (!LoopsmithError.isInstance(error)) return { message };
  const { code, hint, details } = error;
  return { message, code, hint, details };
}

await serve();
