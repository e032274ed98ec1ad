const PASS_ON: ReadonlySet<unknown> = new Set(["chain", "prompt", "parser"]);

/** Whether runs of this kind repeat the usage of the model calls below them, which are counted there. */
export function passesOnUsage(kind: unknown): boolean {
  return typeof kind === "string" && PASS_ON.has(kind.toLowerCase());
}
