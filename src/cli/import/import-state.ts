import { LoopsmithError } from "../../model/errors.ts";
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { Project } from "../../model/project.ts";
import type { Store } from "../../store/store.ts";
import type { SourceProject } from "./langsmith-source.ts";

/** Where the copy of a project comes from and how far it got. */
export interface ImportState {
  /** The project's id in LangSmith. */
  projectId: string;
  /** Epoch ms: runs that started before are all here. */
  through: number;
  filter: string | null;
}

/** Its place among what else is kept of a project. */
const KEY = "loopsmith_import";

/**
 * The project to copy into: the one an earlier import made, or a new one with the same id.
 * @throws LoopsmithError `conflict` when its name or id belongs to something else
 */
export async function targetProject(
  store: Store,
  source: SourceProject,
  name: string,
): Promise<{ target: Project; state: ImportState | null }> {
  const known = await store.projectGet({ name });
  const state = known ? stateOf(known) : null;
  if (known && state?.projectId === source.id) return { target: known, state };
  if (known) {
    throw new LoopsmithError("conflict", `there is a project "${name}" here already that is no copy of this one`, {
      hint: "Choose another name for the copy with --as <name>.",
    });
  }
  const copy = await store.projectGet({ id: source.id });
  if (copy) {
    throw new LoopsmithError("conflict", `the project is here already, as "${copy.name}"`, {
      hint: `Go on with --as "${copy.name}"; a run has one place only.`,
    });
  }
  const dataset = source.referenceDatasetId === null ? null : await store.datasetGet({ id: source.referenceDatasetId });
  const target = await store.projectCreate({
    id: source.id,
    name,
    description: source.description,
    extra: withState(source.extra, { projectId: source.id, through: source.startAt, filter: null }),
    startAt: source.startAt,
    ...(dataset ? { referenceDatasetId: dataset.id } : {}),
  });
  return { target, state: null };
}

export async function writeImportState(store: Store, projectId: string, state: ImportState): Promise<void> {
  const project = await store.projectGet({ id: projectId });
  if (project) await store.projectUpdate({ id: projectId, extra: withState(project.extra, state) });
}

function withState(extra: JsonObject, state: ImportState): JsonObject {
  return { ...extra, [KEY]: { ...state } };
}

function stateOf({ extra }: Project): ImportState | null {
  const state = extra[KEY];
  if (!isJsonObject(state)) return null;
  const { projectId, through, filter } = state;
  if (typeof projectId !== "string" || typeof through !== "number") return null;
  return { projectId, through, filter: typeof filter === "string" ? filter : null };
}
