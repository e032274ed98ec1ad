import { LoopsmithError } from "../model/errors.ts";
import type { LoopRow } from "../store/resource/ledger.ts";
import type { Store } from "../store/store.ts";

/**
 * The loop a question is about: the one named, or the only one.
 * @throws LoopsmithError `not_found`, or `invalid` when there are several to choose from
 */
export async function pickLoop(store: Store, name: string | undefined): Promise<LoopRow> {
  const loops = await store.loopList();
  const known = loops.map((loop) => loop.name).join(", ");
  if (loops.length === 0 && name === undefined) {
    throw new LoopsmithError("not_found", "no loop has run over this data directory yet", {
      hint: "Start one with `loopsmith run <file.ts>`, or name another directory with --data-dir.",
    });
  }
  if (name === undefined) {
    const [only, second] = loops;
    if (only && !second) return only;
    throw new LoopsmithError("invalid", `there are several loops: ${known}`, {
      hint: "Choose one by its name (`--loop <name>`, `?loop=<name>`).",
    });
  }
  // A retired one keeps its verdicts, and by its name they can be read.
  const found = [...loops, ...(await store.loopList({ retired: true }))].find(
    (loop) => loop.name === name || loop.id === name,
  );
  if (found) return found;
  throw new LoopsmithError("not_found", `no loop is named "${name}"`, { hint: `There are: ${known || "none"}.` });
}
