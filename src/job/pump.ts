import { sharedAbort } from "../internal/shared-abort.ts";

export interface PumpOptions {
  /**
   * Does some work and tells how much; 0 means there was nothing to do. `signal` ends what is in hand; `stopping` is aborted
   * before, and asks to begin nothing more.
   */
  run: (signal: AbortSignal, stopping: AbortSignal) => Promise<number>;
  /** Longest nap between two looks, in ms. */
  idleMs: number;
  /** How long until something is due, in ms, or `null` when nothing waits; shortens the nap. */
  untilDueMs?: () => Promise<number | null>;
  /** Told of every error; the pump goes on, slower the more of them come in a row. */
  onError: (error: unknown) => void;
}

/** Nap after an error, doubled with each in a row up to the cap, which is how long work waits at most once all is well. */
const ERROR_NAP_MS = 200;
const ERROR_NAP_CAP_MS = 5_000;

/** Runs work again and again: at once while there is some, else when woken, due, or after the idle time. */
export class Pump {
  readonly #options: PumpOptions;
  readonly #abort = sharedAbort();
  readonly #stopping = sharedAbort();
  #wake: () => void = () => {};
  #woken = false;
  #loop: Promise<void> | null = null;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the nap. Cheap to call often. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Begins nothing more from this call on. Lets the work in hand finish; its signal is aborted after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    await this.#loop;
    clearTimeout(timer);
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    let errors = 0;
    while (!this.#isStopping) {
      this.#woken = false;
      let done = 0;
      try {
        done = await this.#options.run(this.#abort.signal, this.#stopping.signal);
        errors = 0;
      } catch (error) {
        errors += 1;
        if (!this.#isStopping) this.#options.onError(error);
      }
      if (done > 0 && errors === 0) continue;
      await this.#nap(errors);
    }
  }

  async #nap(errors: number): Promise<void> {
    if (this.#woken || this.#isStopping) return;
    let napMs = this.#options.idleMs;
    if (errors > 0) napMs = Math.min(ERROR_NAP_MS * 2 ** (errors - 1), ERROR_NAP_CAP_MS);
    else if (this.#options.untilDueMs) {
      const due = await this.#options.untilDueMs().catch(() => null);
      if (due !== null) napMs = Math.min(napMs, Math.max(due, 1));
    }
    if (this.#woken || this.#isStopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, napMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
