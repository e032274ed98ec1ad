import { LINEAGE_KEY } from "./lineage.ts";

/** LangSmith's own name for the project that evaluators trace into. */
const PROJECT = "evaluators";

/**
 * Runs evaluators so that what they trace with LangSmith's SDK carries the lineage: where the environment turned tracing on
 * before the first of them ran, under a run of ours that is sent only if something was traced. Otherwise nothing changes.
 */
export async function traceEvaluators<T>(lineage: string, work: () => Promise<T>): Promise<T> {
  const sdk = await (tracing ??= loadTracing());
  if (!sdk) return work();
  const root = sdk.createRoot({ [LINEAGE_KEY]: lineage });
  try {
    return await sdk.withRunTree(root, work);
  } finally {
    if (root.child_runs.length > 0) {
      await root.end();
      // What is observed must not fail because observing does.
      await root.postRun().catch(() => undefined);
    }
  }
}

type Tracing = Awaited<ReturnType<typeof loadTracing>>;
/** Once for all: making a run takes over a millisecond. */
let tracing: Promise<Tracing> | undefined;

/** `null` while tracing is off. Loaded here, so that importing the package does not load the SDK. */
async function loadTracing() {
  const [{ RunTree }, { withRunTree }] = await Promise.all([
    import("langsmith/run_trees"),
    import("langsmith/singletons/traceable"),
  ]);
  const createRoot = (metadata: Record<string, unknown>): InstanceType<typeof RunTree> => {
    const root = RunTree.fromRunnableConfig({}, { name: "loopsmith evaluators", metadata });
    root.project_name = PROJECT;
    return root;
  };
  return createRoot({}).tracingEnabled ? { createRoot, withRunTree } : null;
}
