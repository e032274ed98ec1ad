import { LoopsmithError } from "../../model/errors.ts";

/** What an isolated evaluator may use. Everything that is not granted is denied. */
export interface IsolationOptions {
  /**
   * Private memory of its process in MB, heap and Buffers together, on top of what Node takes before it runs anything.
   * The process ends when it wants more. At least 64.
   * @default 256
   */
  memoryMb?: number;
  /** Whether it may use the network. @default false */
  network?: boolean;
  /** Its environment variables. Those of this process are not passed on, so that keys stay here. @default none */
  env?: Readonly<Record<string, string | undefined>>;
  /** Calls after which its process is replaced by a new one; what leaks, leaks no longer than that. @default 100 */
  callsPerProcess?: number;
  /**
   * What happens when this system cannot enforce the memory limit or deny the network: `"refuse"` throws when the evaluator
   * is made, `"warn"` runs it all the same and says once what is not enforced. @default "refuse"
   */
  whenUnenforceable?: "refuse" | "warn";
}

export type ResolvedIsolation = Required<IsolationOptions>;

const LEAST_MEMORY_MB = 64;

/** @throws LoopsmithError `invalid` */
export function resolveIsolation(options: IsolationOptions): ResolvedIsolation {
  const { memoryMb = 256, network = false, env = {}, callsPerProcess = 100, whenUnenforceable = "refuse" } = options;
  if (!(Number.isFinite(memoryMb) && memoryMb >= LEAST_MEMORY_MB)) {
    throw new LoopsmithError("invalid", `isolate.memoryMb is ${memoryMb}`, {
      hint: `Give at least ${LEAST_MEMORY_MB}: loading a module takes some of it.`,
    });
  }
  if (!(Number.isInteger(callsPerProcess) && callsPerProcess >= 1)) {
    throw new LoopsmithError("invalid", `isolate.callsPerProcess is ${callsPerProcess}`, {
      hint: "Give a whole number of at least 1.",
    });
  }
  return { memoryMb: Math.floor(memoryMb), network, env, callsPerProcess, whenUnenforceable };
}
