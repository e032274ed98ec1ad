import type { JsonObject } from "../../model/json.ts";
import type { RemedyState, RemedyStore } from "../../remedy/remedy-state.ts";
import type { Store } from "../../store/store.ts";

/** Remedies remembered in the loop's own store, so that any process may go on with one. */
export function durableRemedyStore<C>(store: Store): RemedyStore<C> {
  const nameOf = (id: string): string => `remedy/${id}`;
  return {
    async remedyRead({ id }) {
      return (await store.cursorGet({ name: nameOf(id) })) as unknown as RemedyState<C> | null;
    },
    async remedyWrite({ state, expectedVersion }) {
      let written = false;
      await store.cursorUpdate({
        name: nameOf(state.id),
        update: (current) => {
          const version = (current as unknown as RemedyState<C> | null)?.version ?? 0;
          written = version === expectedVersion;
          return written ? (state as unknown as JsonObject) : (current as JsonObject);
        },
      });
      return written;
    },
  };
}
