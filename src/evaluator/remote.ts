import { Webhook } from "standardwebhooks";
import { LoopsmithError } from "../model/errors.ts";
import { stableId } from "../model/id.ts";
import { parseJson } from "./http/parse-json.ts";
import { postJson } from "./http/post-json.ts";
import type { HttpOptions } from "./http/post-json.ts";
import { defineEvaluator } from "./define-evaluator.ts";
import type { Evaluator, EvaluatorInput } from "./evaluator.ts";
import { readInputs } from "./input-mapping.ts";
import type { InputMapping } from "./input-mapping.ts";

export interface RemoteEvaluatorOptions extends Omit<Evaluator, "evaluate" | "version" | "on">, HttpOptions {
  /** Where to POST. Comes from your code, never from a trace. */
  url: string;
  /** Standard Webhooks secret (`whsec_...`); several during rotation. Without one the request goes out unsigned. */
  secret?: string | readonly string[];
  headers?: Readonly<Record<string, string>>;
  /** What to send. @default `{ inputs: "inputs", outputs: "outputs", error: "error" }`, each where present */
  inputs?: InputMapping;
  /** @default "1" */
  version?: string;
  /** @default "trace" */
  on?: Evaluator["on"];
}

const DEFAULT_INPUTS: InputMapping = { inputs: "inputs", outputs: "outputs", error: "error" };

/**
 * An evaluator that runs elsewhere, over HTTP. It is sent `{ type: "evaluation.requested", timestamp, data }` with
 * Standard Webhooks headers (`webhook-id` is the same on every try of one trace revision and evaluator version) and
 * answers with what any evaluator returns: `0.4`, `true`, `{ "key", "score", "comment" }`, a list, or `{ "results" }`.
 *
 * @throws LoopsmithError `invalid` when the URL is not http(s) or a secret is malformed
 */
export function remoteEvaluator(options: RemoteEvaluatorOptions): Evaluator {
  const { url, secret, headers = {}, inputs = DEFAULT_INPUTS, version = "1", name } = options;
  checkUrl(url);
  const signers = secretsOf(secret).map(signerOf);
  return defineEvaluator({
    ...options,
    inputs: undefined,
    async evaluate(_args, input) {
      const id = requestId(name, version, input);
      const body = JSON.stringify({
        type: "evaluation.requested",
        timestamp: new Date(input.span.endAt ?? input.span.startAt).toISOString(),
        data: {
          evaluator: name,
          version,
          trace_id: input.trace.id,
          revision: input.trace.revision,
          run: { id: input.run.id, name: input.run.name, run_type: input.run.run_type },
          inputs: readInputs(inputs, Object.keys(inputs), input).values,
        },
      });
      const sign = (attemptAt: number): Record<string, string> => ({
        ...headers,
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(attemptAt / 1000)),
        ...(signers.length > 0 && {
          "webhook-signature": signers.map((signer) => signer.sign(id, new Date(attemptAt), body)).join(" "),
        }),
      });
      const who = `remote evaluator "${name}"`;
      const answer = await postJson({ url, body, headers: sign, signal: input.signal, who }, options);
      return parseJson(answer.text, who) as never;
    },
  });
}

function requestId(name: string, version: string, { trace, span }: EvaluatorInput): string {
  return stableId("evaluation", name, version, trace.id, trace.revision, span.id);
}

function secretsOf(secret: RemoteEvaluatorOptions["secret"]): readonly string[] {
  if (secret === undefined) return [];
  return typeof secret === "string" ? [secret] : secret;
}

function signerOf(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch (cause) {
    throw new LoopsmithError("invalid", "The remote evaluator's secret is not a Standard Webhooks secret.", {
      hint: "Use `whsec_` followed by 24 to 64 random bytes in base64.",
      cause,
    });
  }
}

function checkUrl(url: string): void {
  if (/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) return;
  throw new LoopsmithError("invalid", `The remote evaluator's url is not an http(s) URL: "${url}".`, {
    hint: "Give the whole URL, as in https://evaluators.example.com/faithfulness.",
  });
}
