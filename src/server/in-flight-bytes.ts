import { LoopsmithError } from "../model/errors.ts";

/** One request's share of what is held in memory. */
export interface ByteLease {
  /** @throws LoopsmithError `rate_limited` when there is no room for `bytes` more */
  grow(bytes: number): void;
  release(): void;
}

/** Counts request bytes held in memory and says no before there are too many. */
export class InFlightBytes {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /** A request larger than the whole limit still passes when it is alone; how large one may be is another limit. */
  lease(): ByteLease {
    let mine = 0;
    return {
      grow: (bytes) => {
        const others = this.#held - mine;
        if (others > 0 && this.#held + bytes > this.#limit) {
          throw new LoopsmithError("rate_limited", "more is arriving than can be written right now", {
            hint: "Retry after the Retry-After delay; official clients do so by themselves.",
          });
        }
        mine += bytes;
        this.#held += bytes;
      },
      release: () => {
        this.#held -= mine;
        mine = 0;
      },
    };
  }
}
