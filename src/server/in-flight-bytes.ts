import { LoopsmithError } from "../model/errors.ts";

/** Counts what requests hold in memory, in bytes, and says no before it is too much. */
export class InFlightBytes {
  readonly #limit: number;
  readonly #shares = new Map<Request, number>();
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get held(): number {
    return this.#held;
  }

  /**
   * Counts `bytes` more for a request. One larger than the whole limit still passes when it is alone; how large one may be
   * is another limit.
   * @throws LoopsmithError `rate_limited` when there is no room
   */
  grow(request: Request, bytes: number): void {
    const mine = this.#shares.get(request) ?? 0;
    if (this.#held > mine && this.#held + bytes > this.#limit) {
      throw new LoopsmithError("rate_limited", "more is arriving than can be written right now", {
        hint: "Retry after the Retry-After delay; official clients do so by themselves.",
      });
    }
    this.#shares.set(request, mine + bytes);
    this.#held += bytes;
  }

  /** Gives back the share of a request that is answered, and says how much it was. */
  release(request: Request): number {
    const share = this.#shares.get(request) ?? 0;
    this.#shares.delete(request);
    this.#held -= share;
    return share;
  }
}
