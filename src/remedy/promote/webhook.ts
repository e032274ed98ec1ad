import { Webhook } from "standardwebhooks";
import { LoopsmithError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import { exchangeJson } from "./http-json.ts";
import type { Promoter, Promotion } from "./promoter.ts";

export interface WebhookPromotionOptions {
  /** Where to POST. Comes from your code, never from a trace or a candidate. */
  url: string;
  /** Standard Webhooks secret (`whsec_...`), or several during rotation. Absent: unsigned. */
  secret?: string | readonly string[];
  headers?: Readonly<Record<string, string>>;
  /** The transport; pass a fenced one where the URL is not yours. */
  fetch: typeof fetch;
}

const MAX_BODY_BYTES = 200_000;

/**
 * POSTs `remedy.promoted` with the winning configuration, and `remedy.rolled_back` with the baseline's, by the Standard
 * Webhooks 1.0.0 specification. `webhook-id` is the promotion's id on every attempt; any 2xx is an acknowledgement.
 */
export function promoteWebhook<C extends object>(options: WebhookPromotionOptions): Promoter<C> {
  const secrets = options.secret === undefined ? [] : [options.secret].flat();
  const post = async (
    type: string,
    id: string,
    promotion: Promotion<C>,
    config: C,
    context: Parameters<Promoter<C>["promote"]>[1],
  ): Promise<void> => {
    const at = new Date(context.now());
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data: dataOf(promotion, config) });
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
      throw new LoopsmithError("too_large", `The webhook's body is over ${MAX_BODY_BYTES} bytes.`, {
        hint: "Keep large texts out of the configuration, or promote with a function of your own.",
      });
    }
    const headers = {
      ...options.headers,
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      ...(secrets.length > 0 && {
        "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(" "),
      }),
    };
    const { status } = await exchangeJson({ method: "POST", url: options.url, headers, body }, options.fetch, context);
    if (status >= 200 && status < 300) return;
    throw new LoopsmithError(status === 401 ? "unauthorized" : "forbidden", `The receiver answered ${status}.`, {
      hint: "Check the URL, the secret and what the receiver expects; then promote again.",
    });
  };
  return {
    kind: "webhook",
    async promote(promotion, context) {
      await post("remedy.promoted", promotion.id, promotion, promotion.candidate.config, context);
      return { reference: promotion.id, details: { url: options.url } };
    },
    async rollBack(promotion, _promoted, context) {
      await post("remedy.rolled_back", `${promotion.id}-back`, promotion, promotion.baseline, context);
    },
  };
}

function dataOf<C extends object>(
  { id, remedy, pattern, candidate, verdict, who, why }: Promotion<C>,
  config: C,
): Json {
  return {
    promotion_id: id,
    remedy,
    pattern: { id: pattern.id, sentence: pattern.sentence },
    candidate: candidate.name,
    config: config as Json,
    gate: { verdict: verdict.verdict, explanation: verdict.explanation, e_value: verdict.eValue, pairs: verdict.pairs },
    approved_by: who,
    why,
  };
}
