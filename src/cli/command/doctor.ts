import { Client } from "langsmith";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, LoopsmithError } from "../../model/errors.ts";
import { openStore } from "../../store/open-store.ts";
import type { AddCommand, StoreFlags } from "../command.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { describePlace, storePlace } from "../store-place.ts";

interface Check {
  check: string;
  ok: boolean;
  detail: string;
}

export const addDoctor: AddCommand = (program, context) => {
  program
    .command("doctor")
    .description(
      "Checks what a loop needs: Node, the data directory or the PostgreSQL database, and LangSmith where one is configured.",
    )
    .option("--data-dir <dir>", "folder of the database")
    .option("--json", "print one JSON object")
    .action(async (flags: StoreFlags & { json?: boolean }) => {
      const { terminal } = context;
      const environment = context.environment();
      const place = storePlace(environment, flags);
      const checks: Check[] = [];
      let worst: unknown = null;
      const check = async (name: string, work: () => Promise<string> | string): Promise<void> => {
        try {
          checks.push({ check: name, ok: true, detail: await work() });
        } catch (error) {
          worst ??= error;
          const hint = LoopsmithError.isInstance(error) ? ` (${error.hint})` : "";
          checks.push({ check: name, ok: false, detail: errorMessage(error) + hint });
        }
      };
      await check("node", () => nodeVersion(process.versions.node));
      if (place.databaseUrl === undefined) {
        const dataDir = describePlace(place);
        await check("data directory", () => {
          mkdirSync(dataDir, { recursive: true });
          const probe = join(dataDir, `.probe-${process.pid}`);
          writeFileSync(probe, "x");
          rmSync(probe);
          return `${dataDir} can be written`;
        });
      }
      await check("database", async () => {
        await using store = await openStore(place);
        const loops = await store.loopList();
        return `${describePlace(place)} opens; ${loops.length} loops have run`;
      });
      await check("platform", async () => {
        if (environment.langsmithEndpoint === null) return "no LANGSMITH_ENDPOINT: the embedded server is used";
        const response = await fetch(`${environment.langsmithEndpoint}/info`, { signal: AbortSignal.timeout(5_000) });
        if (!response.ok) throw new Error(`${environment.langsmithEndpoint}/info answers ${response.status}`);
        for await (const project of new Client().listProjects()) {
          return `${environment.langsmithEndpoint} answers, and lets us read projects (${project.name}, ...)`;
        }
        return `${environment.langsmithEndpoint} answers; it has no projects yet`;
      });
      if (flags.json) terminal.out(JSON.stringify({ ok: worst === null, checks }));
      else for (const { check: name, ok, detail } of checks) terminal.out(`${ok ? "ok  " : "FAIL"} ${name}: ${detail}`);
      if (worst !== null) process.exitCode = exitCodeOf(worst);
    });
};

function nodeVersion(version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return `Node ${version}`;
  throw new LoopsmithError("invalid", `Node ${version} is too old`, { hint: "Use Node ^20.19 or >=22.12." });
}
