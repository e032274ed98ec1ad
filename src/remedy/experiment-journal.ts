import type { JsonObject } from "../model/json.ts";

/**
 * - `reserved`: somebody set out to pay for it and has not come back; after a crash it may have been paid
 * - `settled`: done, with its result and what it cost, attempts that never came back included
 */
export type JournalEntry = { state: "reserved" } | { state: "settled"; result: JsonObject; usd: number };

/**
 * Remembers paid calls by deterministic keys, so that an experiment that is interrupted goes on without paying twice.
 * A promise that resolves is durable.
 */
export interface ExperimentJournal {
  get(key: string): Promise<JournalEntry | null>;
  /** Before paying. Again for a key that is reserved: it is paid again, and both count. */
  reserve(key: string, maxUsd: number): Promise<void>;
  /** After paying. */
  settle(key: string, result: JsonObject, usd: number): Promise<void>;
  /** US dollars settled, plus the greatest cost of what is reserved. */
  spentUsd(): Promise<number>;
}

/** A journal that lives as long as the process. */
export function memoryJournal(): ExperimentJournal {
  const entries = new Map<string, { result?: JsonObject; usd: number; openUsd: number }>();
  return {
    async get(key) {
      const entry = entries.get(key);
      if (!entry) return null;
      return entry.result ? { state: "settled", result: entry.result, usd: entry.usd } : { state: "reserved" };
    },
    async reserve(key, maxUsd) {
      const entry = entries.get(key) ?? { usd: 0, openUsd: 0 };
      // A reservation that never settled may have been paid, so it stays on the bill.
      entries.set(key, { ...entry, usd: entry.usd + entry.openUsd, openUsd: maxUsd });
    },
    async settle(key, result, usd) {
      entries.set(key, { result, usd: (entries.get(key)?.usd ?? 0) + usd, openUsd: 0 });
    },
    spentUsd: async () => [...entries.values()].reduce((sum, { usd, openUsd }) => sum + usd + openUsd, 0),
  };
}
