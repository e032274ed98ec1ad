import { LoopsmithError } from "../model/errors.ts";

/** What the environment says, read in this one place. */
export interface Environment {
  dataDir: string;
  databaseUrl: string | null;
  port: number;
  /** Key our own server asks for. */
  apiKey: string | null;
  /** Host names our own server answers to beside its address; empty when nothing is configured. */
  allowedHosts: string[];
  /** Where LangSmith's clients send to; `null` when nothing is configured. */
  langsmithEndpoint: string | null;
  langsmithApiKey: string | null;
}

const DEFAULT_PORT = 1984;

/** @throws LoopsmithError `invalid` for a port or an address that is none */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const port = env["LOOPSMITH_PORT"] === undefined ? DEFAULT_PORT : Number(env["LOOPSMITH_PORT"]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LoopsmithError("invalid", `LOOPSMITH_PORT is ${env["LOOPSMITH_PORT"]}`, {
      hint: "Give a port from 1 to 65535, or 0 for any free one.",
    });
  }
  return {
    dataDir: env["LOOPSMITH_DATA_DIR"] || ".loopsmith",
    databaseUrl: env["LOOPSMITH_DATABASE_URL"] || null,
    port,
    apiKey: env["LOOPSMITH_API_KEY"] || null,
    allowedHosts: (env["LOOPSMITH_ALLOWED_HOSTS"] ?? "").split(/[\s,]+/).filter((name) => name !== ""),
    langsmithEndpoint: addressOf(env, "LANGSMITH_ENDPOINT") ?? addressOf(env, "LANGCHAIN_ENDPOINT"),
    langsmithApiKey: env["LANGSMITH_API_KEY"] || env["LANGCHAIN_API_KEY"] || null,
  };
}

function addressOf(env: NodeJS.ProcessEnv, name: string): string | null {
  const address = env[name];
  if (!address) return null;
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address;
  throw new LoopsmithError("invalid", `${name} is ${address}`, {
    hint: "Give an address such as https://api.smith.langchain.com, or unset it to use a server of your own.",
  });
}
