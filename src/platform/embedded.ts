import { LoopsmithError } from "../model/errors.ts";
import type { TraceHead } from "../model/trace.ts";
import type { TouchedTrace } from "../store/resource/span.ts";
import type { Store } from "../store/store.ts";
import type { Platform } from "./platform.ts";

/** What the in-process platform needs of a server: its store, and word of what was just committed. */
export interface EmbeddedSource {
  readonly store: Store;
  /** The listener is called after the commit; returns how to stop. Absent where another process takes traces in. */
  readonly subscribe?: (listener: (touched: TouchedTrace[]) => void) => () => void;
}

const PAGE = 500;

/** The traces of our own server, read from its store without a socket. */
export function embeddedPlatform(source: EmbeddedSource): Platform {
  const { store } = source;
  return {
    name: "embedded",
    store,
    reportsChanges: true,

    async projectId({ name }) {
      const project = await store.projectGet({ name });
      if (project) return project.id;
      const others = await store.projectList({ referenceFree: true, limit: 20, offset: 0 });
      throw projectNotFound(
        name,
        others.map((other) => other.name),
      );
    },

    async *traceHeads({ projectId, startFrom, startTo, changedFrom = 0 }) {
      let after: { changedAt: number; traceId: string } | undefined;
      for (;;) {
        const heads = await store.traceHeads({
          projectId,
          changedFrom,
          startFrom,
          limit: PAGE,
          ...(after ? { after } : {}),
        });
        const last = heads.at(-1);
        yield startTo === undefined ? heads : heads.filter((head) => head.startAt <= startTo);
        if (!last || heads.length < PAGE) return;
        after = last;
      }
    },

    // Never asked: changes are reported.
    traceHeadsById: () => Promise.resolve([]),

    traceRead: ({ heads }) => store.traceRead({ traceIds: heads.map((head) => head.traceId) }),

    ...subscription(source),

    async scoresRead({ spanIds, key }) {
      const scores = new Map<string, number>();
      for (let at = 0; at < spanIds.length; at += PAGE) {
        const runIds = spanIds.slice(at, at + PAGE);
        let read = PAGE;
        for (let offset = 0; read === PAGE; offset += PAGE) {
          const page = await store.feedbackList({ runIds, keys: [key], limit: PAGE, offset });
          // The newest come first.
          for (const { runId, score } of page)
            if (runId !== null && score !== null && !scores.has(runId)) scores.set(runId, score);
          read = page.length;
        }
      }
      return scores;
    },

    feedbackWrite: ({ feedback }) => store.feedbackWrite({ feedback }),

    async queueAdd({ id, queueName, span, context }) {
      const queue = await store.queueEnsure({ name: queueName });
      await store.queueItemAdd({
        queueId: queue.id,
        items: [{ id, runId: span.spanId, projectId: span.projectId, metadata: context }],
        unlessRemoved: true,
      });
    },

    async queueSize({ queueName }) {
      const [queue] = await store.queueList({ name: queueName, limit: 1, offset: 0 });
      return queue ? store.queueItemCount({ queueId: queue.id }) : 0;
    },

    async exampleAdd(params) {
      await store.exampleEnsure(params);
    },

    async tagAdd({ span, tag }) {
      await store.spanTag({ id: span.spanId, tag });
    },
  };
}

function subscription({ subscribe }: EmbeddedSource): Pick<Platform, "subscribe"> {
  if (!subscribe) return {};
  return {
    subscribe: ({ projectId, onChange }) =>
      subscribe((touched) => {
        const mine: TraceHead[] = touched.filter((trace) => trace.projectId === projectId);
        if (mine.length > 0) onChange(mine);
      }),
  };
}

/** One wording for every platform; `known` are names the reader may have meant. */
export function projectNotFound(name: string, known: readonly string[]): LoopsmithError {
  const list = known.length === 0 ? "there are no projects yet" : `there are: ${known.slice(0, 20).join(", ")}`;
  return new LoopsmithError("not_found", `no project is named "${name}"`, {
    hint: `Check projectName (${list}), or set waitForProject: true if the application has not traced yet.`,
    details: { project: name },
  });
}
