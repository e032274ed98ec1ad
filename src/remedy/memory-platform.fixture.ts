import { canonicalJson } from "../internal/canonical-json.ts";
import type { JsonObject } from "../model/json.ts";
import type {
  ExperimentHead,
  ExperimentPlatform,
  ExperimentResult,
  PlatformExample,
  RunFeedback,
} from "./experiment-platform.ts";

export interface MemoryPlatform extends ExperimentPlatform {
  /** How often each method was called. */
  calls: Record<string, number>;
  /** What people said; tests add to it. */
  feedback: RunFeedback[];
}

interface Prompt {
  commits: { commit: string; content: JsonObject; description: string }[];
  tags: Map<string, string>;
}

/** The whole contract of an experiment platform in memory, versions included. For tests. */
export function memoryPlatform(): MemoryPlatform {
  const datasets = new Map<string, { name: string; versions: Map<string, PlatformExample>[] }>();
  const experiments = new Map<string, ExperimentHead>();
  const results = new Map<string, Map<string, ExperimentResult>>();
  const prompts = new Map<string, Prompt>();
  const feedback: RunFeedback[] = [];
  const calls: Record<string, number> = {};
  const called = (name: string): void => {
    calls[name] = (calls[name] ?? 0) + 1;
  };
  const datasetOf = (id: string): { name: string; versions: Map<string, PlatformExample>[] } => {
    const dataset = datasets.get(id);
    if (!dataset) throw new Error(`no dataset ${id}`);
    return dataset;
  };
  const named = <T extends { name: string }>(map: ReadonlyMap<string, T>, name: string): [string, T] | undefined =>
    [...map].find(([, item]) => item.name === name);

  return {
    calls,
    feedback,
    async datasetEnsure({ id, name }) {
      called("datasetEnsure");
      const found = named(datasets, name);
      if (!found) datasets.set(id, { name, versions: [] });
      return { id: found?.[0] ?? id };
    },
    async datasetFind({ name }) {
      const found = named(datasets, name);
      return found ? { id: found[0] } : null;
    },
    async exampleWrite({ datasetId, examples }) {
      called("exampleWrite");
      const { versions } = datasetOf(datasetId);
      const next = new Map(versions.at(-1));
      for (const example of examples) next.set(example.id, structuredClone(example));
      versions.push(next);
      return { version: String(versions.length) };
    },
    async exampleList({ datasetId, split, version }) {
      const { versions } = datasetOf(datasetId);
      const at = versions[version === undefined ? versions.length - 1 : Number(version) - 1] ?? new Map();
      return structuredClone([...at.values()].filter((example) => split === undefined || example.split === split));
    },
    async experimentEnsure({ id, name, datasetId, metadata }) {
      called("experimentEnsure");
      const found = named(experiments, name);
      if (found) return { id: found[0] };
      experiments.set(id, { id, name, datasetId, metadata });
      results.set(id, new Map());
      return { id };
    },
    async experimentFind({ nameOrId }) {
      return structuredClone(experiments.get(nameOrId) ?? named(experiments, nameOrId)?.[1] ?? null);
    },
    async experimentAnnotate({ experimentId, metadata }) {
      const head = experiments.get(experimentId);
      if (head) head.metadata = { ...head.metadata, ...metadata };
    },
    async resultWrite({ experimentId, result }) {
      called("resultWrite");
      const runs = results.get(experimentId);
      if (!runs) throw new Error(`no experiment ${experimentId}`);
      runs.set(result.runId, structuredClone(result));
    },
    async resultList({ experimentId }) {
      return structuredClone([...(results.get(experimentId)?.values() ?? [])]);
    },
    feedbackList: async ({ runIds }) => feedback.filter((item) => runIds.includes(item.runId)),
    async promptRead({ name, tag }) {
      const prompt = prompts.get(name);
      const commit = tag === undefined ? prompt?.commits.at(-1)?.commit : prompt?.tags.get(tag);
      const found = prompt?.commits.find((item) => item.commit === commit);
      return found ? structuredClone({ commit: found.commit, content: found.content }) : null;
    },
    async promptCommit({ name, content, description }) {
      called("promptCommit");
      const prompt = prompts.get(name) ?? { commits: [], tags: new Map<string, string>() };
      prompts.set(name, prompt);
      const newest = prompt.commits.at(-1);
      if (newest && canonicalJson(newest.content) === canonicalJson(content)) return { commit: newest.commit };
      const commit = `commit${prompt.commits.length + 1}`;
      prompt.commits.push({ commit, content: structuredClone(content), description });
      return { commit };
    },
    async promptTag({ name, commit, tag }) {
      called("promptTag");
      prompts.get(name)?.tags.set(tag, commit);
    },
  };
}
