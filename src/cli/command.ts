import type { Command } from "commander";
import { stableId } from "../model/id.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { LoopRow } from "../store/resource/ledger.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { Environment } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/** What every command gets. */
export interface CommandContext {
  terminal: Terminal;
  environment: () => Environment;
}

/** Adds one command to the program. */
export type AddCommand = (program: Command, context: CommandContext) => void;

export interface StoreFlags {
  dataDir?: string;
}

/** Runs `work` over the store the flags and the environment name, and closes it. */
export async function withStore<T>(
  context: CommandContext,
  flags: StoreFlags,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const environment = context.environment();
  const store = await openStore({
    dataDir: flags.dataDir ?? environment.dataDir,
    ...(environment.databaseUrl === null ? {} : { databaseUrl: environment.databaseUrl }),
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * The loop a reading command is about: the one named, or the only one.
 * @throws LoopsmithError `not_found`, or `invalid` when there are several to choose from
 */
export async function pickLoop(store: Store, name: string | undefined): Promise<LoopRow> {
  const loops = await store.loopList();
  const known = loops.map((loop) => loop.name).join(", ");
  if (loops.length === 0) {
    throw new LoopsmithError("not_found", "no loop has run over this data directory yet", {
      hint: "Start one with `loopsmith run <file.ts>`, or name another directory with --data-dir.",
    });
  }
  if (name === undefined) {
    const [only, second] = loops;
    if (only && !second) return only;
    throw new LoopsmithError("invalid", `there are several loops: ${known}`, {
      hint: "Choose one with --loop <name>.",
    });
  }
  const found = loops.find((loop) => loop.name === name || loop.id === name);
  if (found) return found;
  throw new LoopsmithError("not_found", `no loop is named "${name}"`, { hint: `There are: ${known}.` });
}

/** The id a loop of this name over this project has everywhere. */
export function loopIdOf(loop: { name: string; projectName: string }): string {
  return stableId("loop", loop.name, loop.projectName);
}

/** @throws LoopsmithError `invalid` unless the text is a whole number in range */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new LoopsmithError("invalid", `${option} is ${text}`, {
      hint: `Give a whole number from ${least} to ${most}.`,
    });
  };
}
