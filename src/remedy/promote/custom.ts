import { LoopsmithError } from "../../model/errors.ts";
import type { JsonObject } from "../../model/json.ts";
import type { PromoteContext, Promoted, Promoter, Promotion } from "./promoter.ts";

export interface CustomPromotionOptions<C> {
  /** Shown in the remedy's history. */
  name: string;
  /** Must come to the same when it is called again with the same `promotion.id`. What it returns is kept with the remedy. */
  promote: (promotion: Promotion<C>, context: PromoteContext) => Promise<JsonObject | void>;
  rollBack?: (promotion: Promotion<C>, promoted: Promoted, context: PromoteContext) => Promise<void>;
}

/** Promotion by a function of your own. @throws LoopsmithError `invalid` for a missing name */
export function promoteCustom<C>({ name, promote, rollBack }: CustomPromotionOptions<C>): Promoter<C> {
  if (name === "") {
    throw new LoopsmithError("invalid", "A custom promotion needs a name.", { hint: "Pass { name, promote }." });
  }
  return {
    kind: name,
    async promote(promotion, context) {
      const details = (await promote(promotion, context)) ?? {};
      return { reference: promotion.id, details };
    },
    ...(rollBack && { rollBack }),
  };
}
