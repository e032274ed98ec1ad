import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { Client } from "langsmith";
import { LoopsmithError } from "../model/errors.ts";
import { embeddedPlatform } from "../platform/embedded.ts";
import { langsmithPlatform } from "../platform/langsmith.ts";
import type { Platform } from "../platform/platform.ts";
import { DATABASE_FILE, openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import type { Environment } from "./environment.ts";
import { storePlace } from "./store-place.ts";
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

/**
 * Runs `work` over the store the flags and the environment name, and closes it.
 * @throws LoopsmithError `not_found` where there is none, unless `create`
 */
export async function withStore<T>(
  context: CommandContext,
  flags: StoreFlags,
  work: (store: Store) => Promise<T>,
  { create = false }: { create?: boolean } = {},
): Promise<T> {
  const place = storePlace(context.environment(), flags);
  if (!create && place.databaseUrl === undefined && !existsSync(join(place.dataDir, DATABASE_FILE))) {
    throw new LoopsmithError(
      "not_found",
      `there is no database in ${place.dataDir}: no loop has run and nothing was served there`,
      {
        hint: "Name another directory with --data-dir, or start a loop with `loopsmith run <file.ts>`.",
      },
    );
  }
  const store = await openStore(place);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Where the traces of the store's loops live: LangSmith where the environment names it, else the store itself. */
export function platformOver(context: CommandContext, store: Store): Platform {
  return context.environment().langsmithEndpoint === null
    ? embeddedPlatform({ store })
    : langsmithPlatform({ client: new Client() });
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
