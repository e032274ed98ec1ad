import { progressLine, type Terminal } from "./terminal.ts";

const WIDTH = 24;
/** Nobody reads faster. */
const REDRAW_MS = 50;

export interface ProgressBar {
  /** `share` is how much is done, 0 to 1; `null` where nobody knows. */
  show(share: number | null, text: string): void;
  clear(): void;
}

/** A bar that fills up, with a few words; nothing in a pipe. */
export function progressBar(terminal: Terminal): ProgressBar {
  const line = progressLine(terminal);
  let shownAt = -Infinity;
  return {
    show(share, text) {
      if (performance.now() - shownAt < REDRAW_MS) return;
      shownAt = performance.now();
      if (share === null) return line.show(text);
      const done = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
      line.show(
        `[${"#".repeat(done)}${" ".repeat(WIDTH - done)}] ${String(Math.floor(share * 100)).padStart(3)}%  ${text}`,
      );
    },
    clear: line.clear,
  };
}
