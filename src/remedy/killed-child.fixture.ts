/**
 * An experiment in a process of its own, to be killed. Its provider and its platform are the parent's HTTP server:
 * `POST /pay` is a paid call, `POST /platform/<method>` one of the platform.
 *
 * Arguments: the server's URL and the store's folder. Prints the outcome as JSON when it is done.
 */
import type { JsonObject } from "../model/json.ts";
import { durableJournal } from "../loop/remedy/remedy-store.ts";
import { openStore } from "../store/open-store.ts";
import { budgetAfter } from "./budget.ts";
import type { ExperimentPlatform } from "./experiment-platform.ts";
import { killedOptions } from "./killed-options.fixture.ts";
import { runExperiment } from "./run-experiment.ts";

const [url = "", path = ""] = process.argv.slice(2);

async function post(route: string, body: unknown): Promise<JsonObject> {
  const answer = await fetch(`${url}${route}`, { method: "POST", body: JSON.stringify(body) });
  return (await answer.json()) as JsonObject;
}

const platform = new Proxy({} as ExperimentPlatform, {
  get: (_target, method) => (params: unknown) => post(`/platform/${String(method)}`, params),
});

const store = await openStore({ dataDir: path });
const journal = durableJournal(store, "killed");
const options = killedOptions((payment) => post("/pay", payment), platform, journal);
const outcome = await runExperiment({ ...options, budget: await budgetAfter(journal, 100) });
await store.close();
const { verdict } = outcome.candidates[0] ?? {};
console.log(JSON.stringify({ spentUsd: outcome.spentUsd, verdict }));
