import type { JsonObject } from "../../model/json.ts";
import type { Promoter, Promotion } from "./promoter.ts";

export interface PromptPromotionOptions<C> {
  /** The prompt's name in the prompt repository, `owner/name` or `name`. */
  prompt: string;
  /** What to commit: the prompt's manifest for this configuration. */
  content: (config: C) => JsonObject;
  /** Moved to the new commit; what your application pulls. @default "production" */
  tag?: string;
}

/**
 * Commits the winning prompt and moves a tag to it. The commit the tag pointed to before is kept under a tag of its own,
 * `before-<promotion>`, which survives a crash between the two moves and is what a roll-back returns to.
 */
export function promotePrompt<C>({ prompt, content, tag = "production" }: PromptPromotionOptions<C>): Promoter<C> {
  const keeperOf = (promotion: Promotion<C>): string => `before-${promotion.id.slice(0, 8)}`;
  return {
    kind: "prompt",
    async promote(promotion, { platform }) {
      const keeper = keeperOf(promotion);
      const kept = await platform.promptRead({ name: prompt, tag: keeper });
      const current = await platform.promptRead({ name: prompt, tag });
      const { commit } = await platform.promptCommit({
        name: prompt,
        content: content(promotion.candidate.config),
        description: `${promotion.remedy}: ${promotion.candidate.name} (${promotion.verdict.verdict})`,
      });
      // A tag that points to the new commit already was moved by an attempt before this one.
      const before = kept ?? (current?.commit === commit ? null : current);
      if (!kept && before) await platform.promptTag({ name: prompt, commit: before.commit, tag: keeper });
      await platform.promptTag({ name: prompt, commit, tag });
      return {
        reference: `${prompt}:${commit}`,
        details: { prompt, tag, commit, previous_commit: before?.commit ?? null },
      };
    },
    async rollBack(promotion, promoted, { platform }) {
      const previous = promoted.details["previous_commit"];
      const kept = await platform.promptRead({ name: prompt, tag: keeperOf(promotion) });
      const commit = typeof previous === "string" ? previous : kept?.commit;
      // Without an earlier commit there is nothing to return to; the history says so.
      if (commit !== undefined) await platform.promptTag({ name: prompt, commit, tag });
    },
  };
}
