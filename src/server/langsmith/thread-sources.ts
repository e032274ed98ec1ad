import type { Thread } from "../../model/thread.ts";
import type { ThreadSource } from "../../wire/langsmith/thread.ts";
import type { ServerContext } from "../server-context.ts";

/** Gathers what the JSON of these threads needs beside their totals: how they began, how they ended, their feedback. */
export async function threadSources(
  { store }: ServerContext,
  projectId: string,
  threads: readonly Thread[],
): Promise<ThreadSource[]> {
  const ids = [...new Set(threads.flatMap((thread) => [thread.firstTraceId, thread.lastTraceId]))].filter(
    (id) => id !== "",
  );
  const { rows } = await store.spanQuery({
    ids,
    order: "asc",
    limit: Math.max(1, ids.length),
    payloads: ["inputs", "outputs"],
  });
  const roots = new Map(rows.map((row) => [row.id, row]));
  return Promise.all(
    threads.map(async (thread) => ({
      thread,
      first: roots.get(thread.firstTraceId),
      last: roots.get(thread.lastTraceId),
      feedback: await store.spanFeedbackStats({ projectIds: [projectId], threadIds: [thread.threadId], isRoot: true }),
    })),
  );
}
