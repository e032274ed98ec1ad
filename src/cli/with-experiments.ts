import { Client } from "langsmith";
import { LoopsmithError } from "../model/errors.ts";
import { embeddedExperiments } from "../platform/embedded-experiments.ts";
import { langsmithExperiments } from "../platform/langsmith-experiments.ts";
import type { ExperimentPlatform } from "../remedy/experiment-platform.ts";
import { withStore, type CommandContext, type StoreFlags } from "./command.ts";

/** The LangSmith that LANGSMITH_ENDPOINT names; without it, or where a folder is named, our own database. */
export async function withExperiments(
  context: CommandContext,
  flags: StoreFlags,
  work: (platform: ExperimentPlatform) => Promise<void>,
): Promise<void> {
  if (context.environment().langsmithEndpoint !== null && flags.dataDir === undefined)
    return work(langsmithExperiments(new Client()));
  return withStore(context, flags, (store) => work(embeddedExperiments(store)));
}

/** Parses a number between two bounds, both allowed. @throws LoopsmithError `invalid` */
export function numberBetween(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new LoopsmithError("invalid", `${option} is ${text}`, { hint: `Give a number from ${least} to ${most}.` });
  };
}
