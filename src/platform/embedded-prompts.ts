import { LoopsmithError } from "../model/errors.ts";
import type { Prompt, PromptCommit } from "../model/prompt.ts";
import type { ExperimentPlatform } from "../remedy/experiment-platform.ts";
import type { PromptStore } from "../store/resource/prompt.ts";

/** Prompts in our own store, the same that the server shows to `pullPrompt` and `pushPrompt`; one owner, so `owner/name` is `name`. */
export function embeddedPrompts(
  store: PromptStore,
): Pick<ExperimentPlatform, "promptRead" | "promptCommit" | "promptTag"> {
  const bare = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
  const find = (name: string): Promise<Prompt | null> => store.promptGet({ name: bare(name) });

  const ensure = async (name: string, description: string): Promise<Prompt> => {
    const known = await find(name);
    if (known) return known;
    try {
      return await store.promptCreate({ name: bare(name), description });
    } catch (error) {
      // Somebody else created it in between.
      const theirs = isConflict(error) ? await find(name) : null;
      if (theirs) return theirs;
      throw error;
    }
  };

  const commitOf = async (prompt: Prompt | null, ref: string): Promise<PromptCommit | null> =>
    prompt && store.promptCommitGet({ promptId: prompt.id, ref });

  return {
    async promptRead({ name, tag = "latest" }) {
      const found = await commitOf(await find(name), tag);
      return found && { commit: found.hash, content: found.manifest };
    },

    async promptCommit({ name, content, description }) {
      const prompt = await ensure(name, description);
      try {
        return { commit: (await store.promptCommitCreate({ name: prompt.name, manifest: content, description })).hash };
      } catch (error) {
        // The newest commit says the same already.
        const newest = isConflict(error) ? await commitOf(prompt, "latest") : null;
        if (newest) return { commit: newest.hash };
        throw error;
      }
    },

    async promptTag({ name, commit, tag }) {
      const prompt = await find(name);
      const found = await commitOf(prompt, commit);
      if (!prompt || !found) {
        throw new LoopsmithError("not_found", `The prompt "${name}" has no commit ${commit}.`, {
          hint: "Tag a commit that `promptCommit` returned.",
        });
      }
      await store.promptTagSet({ promptId: prompt.id, tag, commitId: found.id });
    },
  };
}

function isConflict(error: unknown): boolean {
  return LoopsmithError.isInstance(error) && error.code === "conflict";
}
