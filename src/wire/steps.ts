import { nextTurn } from "../internal/next-turn.ts";

/** Lets other work run before going on. */
export type Pause = () => Promise<void>;

/** Work cut into pieces: every `yield` is a place where it may rest. */
export type Steps<T> = Generator<void, T>;

/** Does the work with a pause wherever it may rest. @default a turn of the event loop */
export async function runPaused<T>(steps: Steps<T>, pause: Pause = nextTurn): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pause();
  }
}
