import { nextTurn } from "../internal/next-turn.ts";
import { LoopsmithError } from "../model/errors.ts";

/** Requests that stand in line at most: with more, the last would wait longer than clients do. */
const MAX_WAITING = 256;

/** Items that are read and not yet written, beyond which nothing more is read: each takes some kilobytes meanwhile. */
const MAX_UNWRITTEN = 10_000;

/** Larger bodies have a line of their own, so that small ones do not stand behind them for seconds. */
const LARGE_BYTES = 1024 * 1024;

interface Passage<Batch, Result> {
  read: () => Promise<Batch>;
  /** How many there are in what was read. */
  items: (batch: Batch) => number;
  write: (batch: Batch) => Promise<Result>;
}

/**
 * Where requests with spans wait to be read and written, in order of arrival. One small and one large body are read at a
 * time: reading takes this thread, so that more at once would only make everybody else wait for all of them. How much is
 * being written is bounded, since what has been read is several times as large in memory.
 */
export class IngestLine {
  /** Each settles when its last body in line is read. */
  readonly #lines = { small: Promise.resolve(), large: Promise.resolve() };
  #waiting = 0;
  #unwritten = 0;
  #onWritten: (() => void)[] = [];

  /**
   * To be asked before a body is received: what would be turned away afterwards should not be carried over first.
   * @throws LoopsmithError `rate_limited` when the line is too long
   */
  assertOpen(): void {
    if (this.#waiting < MAX_WAITING) return;
    throw new LoopsmithError("rate_limited", "more requests are waiting than can be written soon", {
      hint: "Retry after the Retry-After delay; official clients do so by themselves.",
    });
  }

  /**
   * Reads a body when its turn has come, and begins to write what is in it. The next one's turn comes when it is read.
   * @param bytes size of the body
   * @throws LoopsmithError `rate_limited` when the line is too long, and whatever `read` and `write` throw
   */
  async pass<Batch, Result>(bytes: number, { read, items, write }: Passage<Batch, Result>): Promise<Result> {
    this.assertOpen();
    this.#waiting += 1;
    const turn = async (): Promise<{ written: Promise<Result> }> => {
      while (this.#unwritten > MAX_UNWRITTEN) await new Promise<void>((resolve) => this.#onWritten.push(resolve));
      this.#waiting -= 1;
      await nextTurn();
      const batch = await read();
      return { written: this.#count(items(batch), write(batch)) };
    };
    const line = bytes > LARGE_BYTES ? "large" : "small";
    const turned = this.#lines[line].then(turn);
    this.#lines[line] = turned.then(
      () => {},
      () => {},
    );
    return (await turned).written;
  }

  async #count<Result>(items: number, written: Promise<Result>): Promise<Result> {
    this.#unwritten += items;
    try {
      return await written;
    } finally {
      this.#unwritten -= items;
      const onWritten = this.#onWritten;
      this.#onWritten = [];
      for (const go of onWritten) go();
    }
  }
}
