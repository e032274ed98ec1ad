/** Signals that come together are one: timeout(1) and terminals tell the process and its group. */
const ONE_STOP_MS = 1_000;
/** A process that is already on its way out takes no signal: the second of two must find this one still here. */
const TOGETHER_MS = 100;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Resolves at the first SIGINT or SIGTERM; one that comes more than a second later ends the process at once. */
export function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    let toldAt = Infinity;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (toldAt === Infinity) {
        toldAt = performance.now();
        setTimeout(resolve, TOGETHER_MS);
      }
      if (performance.now() - toldAt <= ONE_STOP_MS) return;
      for (const name of SIGNALS) process.off(name, onSignal);
      process.kill(process.pid, signal);
    };
    for (const name of SIGNALS) process.on(name, onSignal);
  });
}
