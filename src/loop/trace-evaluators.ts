import { LINEAGE_KEY } from "./lineage.ts";

/** LangSmith's own name for the project that evaluators trace into. */
const PROJECT = "evaluators";

/**
 * Runs evaluators so that what they trace with LangSmith's SDK carries the lineage: where tracing is on, under a run of ours
 * that is sent only if something was traced. Otherwise nothing changes.
 */
export async function traceEvaluators<T>(lineage: string, work: () => Promise<T>): Promise<T> {
  // Loaded here, so that importing the package does not load the SDK.
  const [{ RunTree }, { withRunTree }] = await Promise.all([
    import("langsmith/run_trees"),
    import("langsmith/singletons/traceable"),
  ]);
  const metadata = { [LINEAGE_KEY]: lineage };
  const root = RunTree.fromRunnableConfig({}, { name: "loopsmith evaluators", project_name: PROJECT, metadata });
  if (!root.tracingEnabled) return work();
  root.project_name = PROJECT;
  try {
    return await withRunTree(root, work);
  } finally {
    if (root.child_runs.length > 0) {
      await root.end();
      // What is observed must not fail because observing does.
      await root.postRun().catch(() => undefined);
    }
  }
}
