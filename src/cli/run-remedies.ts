import type { RemedyPlan } from "../remedy/remedy-plan.ts";
import type { RemedyState } from "../remedy/remedy-state.ts";
import type { CommandContext } from "./command.ts";
import { loopFileOf } from "./load-loop-file.ts";
import { openSession, type RunFlags } from "./run-loop-file.ts";
import { describeError, progressLine } from "./terminal.ts";
import { untilToldToStop } from "./until-told-to-stop.ts";

type Flags = RunFlags & { name?: string };

/** The plans of all remedies that a loop file declares. */
export async function planRemediesOfFile(
  file: string | undefined,
  flags: Flags,
  context: CommandContext,
): Promise<RemedyPlan[]> {
  const session = await openSession(loopFileOf(file), flags, context);
  try {
    const filter = flags.name === undefined ? {} : { name: flags.name };
    const plans = [];
    for (const loop of session.loops) plans.push(...(await loop.remedies.plan(filter)));
    return plans;
  } finally {
    await session.close();
  }
}

/** Takes all remedies that a loop file declares as far as they go now. Ctrl-C stops them; they go on from there. */
export async function runRemediesOfFile(
  file: string | undefined,
  flags: Flags,
  context: CommandContext,
): Promise<RemedyState<object>[]> {
  const { terminal } = context;
  const progress = progressLine(terminal);
  const session = await openSession(loopFileOf(file), flags, context);
  const stop = new AbortController();
  void untilToldToStop().then(() => stop.abort(new Error("stopped; what was paid for is kept")));
  try {
    const states: RemedyState<object>[] = [];
    for (const loop of session.loops) {
      loop.on("error", ({ error }) => terminal.err(`${loop.name}: ${describeError(error)}`));
      const done = await loop.remedies.run({
        signal: stop.signal,
        ...(flags.name === undefined ? {} : { name: flags.name }),
        onProgress: ({ remedy, stage, examplesDone, examplesTotal, spentUsd }) =>
          progress.show(`${remedy}: ${stage}, ${examplesDone} of ${examplesTotal} examples, $${spentUsd.toFixed(2)}`),
      });
      states.push(...done);
    }
    return states;
  } finally {
    progress.clear();
    await session.close();
  }
}
