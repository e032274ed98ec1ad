import { stableId } from "../model/id.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import { buildDataset } from "./dataset.ts";
import type { DatasetOptions, DatasetSource, NamedPattern, PatternDataset } from "./dataset.ts";
import { fromPlatformExample, toPlatformExample } from "./remedy-example.ts";
import type { RemedyExample } from "./remedy-example.ts";

export interface StoredDataset extends PatternDataset {
  id: string;
  name: string;
  /** The platform's version after the last write. */
  version: string;
}

/**
 * Builds a pattern's dataset and writes what changed to the platform, on top of what earlier versions hold there.
 * Repeating it with the same sources writes nothing new.
 */
export async function growDataset(
  platform: ExperimentPlatform,
  name: string,
  pattern: NamedPattern & { id: string },
  sources: readonly DatasetSource[],
  options: DatasetOptions = {},
): Promise<StoredDataset> {
  const existing = await readDataset(platform, name);
  const built = buildDataset(name, pattern, sources, existing, options);
  const { id } = await platform.datasetEnsure({
    id: stableId("dataset", name),
    name,
    description: `Failing traces of the pattern "${pattern.name}" and matched passing ones.`,
    metadata: { loopsmith: { pattern: pattern.id } },
  });
  // Written even when empty, since the version to run on is the platform's to name.
  const { version } = await platform.exampleWrite({ datasetId: id, examples: built.changed.map(toPlatformExample) });
  return { ...built, id, name, version };
}

/** What remedies have put into a dataset so far; empty when there is none. */
export async function readDataset(platform: ExperimentPlatform, name: string): Promise<RemedyExample[]> {
  const found = await platform.datasetFind({ name });
  if (!found) return [];
  const examples = await platform.exampleList({ datasetId: found.id });
  return examples.flatMap((example) => fromPlatformExample(example) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1));
}
