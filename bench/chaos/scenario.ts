/** One line of the report. */
export interface ScenarioResult {
  name: string;
  /** Kills, cuts or faults. */
  points: number;
  lost: number;
  doubled: number;
  corrupt: number;
  ok: boolean;
  /** What else was measured. */
  details?: Record<string, unknown>;
}

export interface ScenarioContext {
  /** Uniform in [0, 1), from the printed seed. */
  random: () => number;
  /** A tenth of the points. */
  quick: boolean;
  /** Breaks the guarantee on purpose: the scenario must then not be ok. */
  broken: boolean;
  /** A folder of its own, removed afterwards. */
  folder: string;
  /** PostgreSQL, where there is one. */
  postgresUrl: string | null;
  /** Progress, on stderr. */
  say(message: string): void;
}

export interface Scenario {
  name: string;
  /** It takes long and little work, so that it may run beside others. */
  mostlyWaits?: boolean;
  /** Says why it cannot run here; `null` when it can. */
  unavailable?(context: ScenarioContext): string | null;
  run(context: ScenarioContext): Promise<Omit<ScenarioResult, "name">>;
}

export function isOk({ lost, doubled, corrupt }: Pick<ScenarioResult, "lost" | "doubled" | "corrupt">): boolean {
  return lost === 0 && doubled === 0 && corrupt === 0;
}
