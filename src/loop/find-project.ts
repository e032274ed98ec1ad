import { LoopsmithError } from "../model/errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { ResolvedLoopOptions } from "./options.ts";

/**
 * The id of the loop's project; `null` while a loop that waits for its project has none to look at.
 * @throws LoopsmithError `not_found` for one that does not wait, `unauthorized`, `unavailable`
 */
export async function findProject(
  platform: Pick<Platform, "projectId">,
  { projectName, waitForProject }: Pick<ResolvedLoopOptions, "projectName" | "waitForProject">,
): Promise<string | null> {
  try {
    return await platform.projectId({ name: projectName });
  } catch (error) {
    if (waitForProject && LoopsmithError.isInstance(error) && error.code === "not_found") return null;
    throw error;
  }
}
