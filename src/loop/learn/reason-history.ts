import type { FailureReason } from "../../model/failure.ts";
import type { JsonObject } from "../../model/json.ts";
import { clusterReasons } from "../../reason/cluster-reasons.ts";
import { assignReason, type ReasonModel } from "../../reason/reason-model.ts";
import type { Reason } from "../../reason/reason.ts";
import type { Store } from "../../store/store.ts";

/** The kinds of reasons a loop's failures have, found by clustering what evaluators and errors said. */
export interface ReasonHistory {
  /** The kind of a reason, or `null` for one that is like none. The same until the next flush. */
  assign(text: string): Promise<FailureReason | null>;
  /** Keeps the reason of one more failure, from the next flush on. */
  note(reason: Reason): void;
  /** Adds what was noted to what all workers know, and clusters again when enough is new. */
  flush(): Promise<void>;
}

interface Stored {
  model: ReasonModel | null;
  /** The newest reasons, oldest first. */
  reasons: Reason[];
  /** Reasons ever kept, and how many when the model was made. */
  total: number;
  clustered: number;
}

/** Reasons clustered at most: the newest, so that the kinds are those of today. */
const MAX_REASONS = 500;
/** Reasons before the first clustering; later ones wait for a fifth more. */
const FIRST = 20;
const MORE_SHARE = 0.2;
const MAX_CHARS = 2000;

export async function openReasonHistory(store: Store, loopId: string): Promise<ReasonHistory> {
  const name = `reasons/${loopId}`;
  let known = read(await store.cursorGet({ name }));
  let noted: Reason[] = [];
  return {
    async assign(text) {
      const found = known.model && (await assignReason(known.model, text));
      return found ? { id: found.id, label: found.label } : null;
    },
    note: ({ id, text }) => noted.push({ id, text: text.slice(0, MAX_CHARS) }),
    async flush() {
      const added = noted;
      noted = [];
      if (added.length === 0) {
        known = read(await store.cursorGet({ name }));
        return;
      }
      const value = await store.cursorUpdate({ name, update: (current) => write(withReasons(read(current), added)) });
      known = read(value);
      if (known.total - known.clustered < Math.max(FIRST, MORE_SHARE * known.reasons.length)) return;
      const { total, model: previous } = known;
      const { model } = await clusterReasons(known.reasons, previous ? { previous } : {});
      known = read(
        await store.cursorUpdate({
          name,
          update: (current) => {
            const latest = read(current);
            // Another worker that was faster has given its clusters their ids; they stay.
            return write(latest.clustered >= total ? latest : { ...latest, model, clustered: total });
          },
        }),
      );
    },
  };
}

// --- internal ---

function read(value: JsonObject | null): Stored {
  return (value as unknown as Stored | null) ?? { model: null, reasons: [], total: 0, clustered: 0 };
}

function write(stored: Stored): JsonObject {
  return stored as unknown as JsonObject;
}

/** A trace that is judged again has one reason: the latest. */
function withReasons(stored: Stored, added: readonly Reason[]): Stored {
  const latest = new Map([...stored.reasons, ...added].map((reason) => [reason.id, reason]));
  const isNew = added.filter((reason) => !stored.reasons.some((old) => old.id === reason.id)).length;
  return { ...stored, reasons: [...latest.values()].slice(-MAX_REASONS), total: stored.total + isNew };
}
