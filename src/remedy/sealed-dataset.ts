import { LoopsmithError } from "../model/errors.ts";
import type { RemedyExample, RemedySplit } from "./remedy-example.ts";

/** What a proposer gets of a dataset. */
export interface VisibleExamples {
  /** The visible examples, as copies. @throws LoopsmithError `forbidden` for any other split */
  list(split?: RemedySplit): RemedyExample[];
  /** One visible example, as a copy. @throws LoopsmithError `forbidden` for every other id */
  get(id: string): RemedyExample;
  has(id: string): boolean;
  readonly size: number;
}

/** What only the gate gets. */
export interface SealedDataset {
  visible: VisibleExamples;
  heldOut: readonly RemedyExample[];
}

/**
 * Parts a dataset into what a proposer may hold and what only the gate holds. The proposer's part is made from the
 * visible examples alone: the others are not hidden in it but absent from it.
 */
export function sealDataset(examples: readonly RemedyExample[]): SealedDataset {
  return {
    visible: visibleExamples(examples.filter((example) => example.split === "visible")),
    heldOut: examples.filter((example) => example.split === "held_out"),
  };
}

function visibleExamples(examples: readonly RemedyExample[]): VisibleExamples {
  const byId = new Map(examples.map((example) => [example.id, example]));
  const visible: VisibleExamples = {
    list(split: RemedySplit = "visible") {
      if (split !== "visible") throw forbidden(`the ${split} split`);
      return structuredClone([...byId.values()]);
    },
    get(id: string) {
      const example = byId.get(id);
      if (!example) throw forbidden(`example ${id}`);
      return structuredClone(example);
    },
    has: (id: string) => byId.has(id),
    get size() {
      return byId.size;
    },
  };
  // Whoever reaches for the obvious name is told why there is nothing; printing the object does not count as reaching.
  Object.defineProperty(visible, "heldOut", {
    enumerable: false,
    get() {
      throw forbidden("the held_out split");
    },
  });
  return Object.freeze(visible);
}

function forbidden(what: string): LoopsmithError {
  return new LoopsmithError("forbidden", `A proposer asked for ${what}, which only the gate may see.`, {
    hint: "Propose from the visible examples; the gate tests on the others, or its verdict would mean nothing.",
  });
}
