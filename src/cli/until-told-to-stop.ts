/** Signals that come together are one: timeout(1) and terminals tell the process and its group. */
const ONE_STOP_MS = 1_000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Resolves at the first SIGINT or SIGTERM; one that comes more than a second later ends the process at once. */
export function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    let toldAt = Infinity;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (toldAt === Infinity) toldAt = performance.now();
      if (performance.now() - toldAt <= ONE_STOP_MS) return resolve();
      for (const name of SIGNALS) process.off(name, onSignal);
      process.kill(process.pid, signal);
    };
    for (const name of SIGNALS) process.on(name, onSignal);
  });
}
