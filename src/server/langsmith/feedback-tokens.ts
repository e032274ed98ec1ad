import type { Context, Hono } from "hono";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { toIsoTime } from "../../internal/iso-time.ts";
import { LoopsmithError } from "../../model/errors.ts";
import { newId } from "../../model/id.ts";
import type { FeedbackTokenRow } from "../../store/resource/feedback-config.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { json, jsonObject, page, time, uuid } from "./field.ts";

const Duration = z.looseObject({
  days: z.number().min(0).default(0),
  hours: z.number().min(0).default(0),
  minutes: z.number().min(0).default(0),
});
const Request = z.looseObject({
  run_id: uuid,
  feedback_key: z.string().min(1).max(180),
  feedback_config: jsonObject.nullish(),
  expires_in: Duration.nullish(),
  expires_at: time.nullish(),
});
const CreateBody = z.union([Request, z.array(Request).min(1).max(100)]);
const ListQuery = z.object({ run_id: uuid, ...page });
const UseBody = z.looseObject({
  score: z.union([z.number(), z.boolean()]).nullish(),
  value: json.optional(),
  comment: z.string().nullish(),
  correction: json.optional(),
  metadata: jsonObject.nullish(),
});
const UseQuery = z.object({
  score: z.coerce.number().optional(),
  value: z.string().optional(),
  comment: z.string().optional(),
  correction: z.string().optional(),
});

const HOUR_MS = 3_600_000;

/** Presigned feedback: a URL that lets a browser rate one run under one key, without an API key. */
export function feedbackTokenRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  app.post("/feedback/tokens", async (c) => {
    const body = await readJson(c, context, CreateBody);
    const requests = Array.isArray(body) ? body : [body];
    const now = context.now();
    const tokens = requests.map((request): FeedbackTokenRow => {
      const { days, hours, minutes } = request.expires_in ?? { days: 0, hours: 3, minutes: 0 };
      return {
        // The id is the secret, so it must be unguessable all through: no time-ordered one.
        id: randomUUID(),
        runId: request.run_id,
        key: request.feedback_key,
        config: request.feedback_config ?? null,
        expiresAt: request.expires_at ?? now + (days * 24 + hours + minutes / 60) * HOUR_MS,
        createdAt: now,
      };
    });
    await store.feedbackTokenCreate({ tokens });
    const answers = tokens.map((token) => tokenJson(token, c));
    return c.json(Array.isArray(body) ? answers : answers[0]);
  });

  app.get("/feedback/tokens", async (c) => {
    const query = readQuery(c, ListQuery);
    const tokens = await store.feedbackTokenList({ runId: query.run_id, limit: query.limit, offset: query.offset });
    return c.json(tokens.map((token) => tokenJson(token, c)));
  });

  app.post("/feedback/tokens/:token", async (c) => {
    const { score, metadata, ...body } = await readJson(c, context, UseBody);
    await give(context, c.req.param("token"), {
      ...(score === undefined || score === null ? {} : { score: Number(score) }),
      ...(body.value === undefined ? {} : { value: body.value }),
      ...(body.comment ? { comment: body.comment } : {}),
      ...(body.correction === undefined ? {} : { correction: body.correction }),
      ...(metadata ? { extra: { metadata } } : {}),
    });
    return c.json({ message: "Feedback created" });
  });

  app.get("/feedback/tokens/:token", async (c) => {
    const { score, value, comment, correction } = readQuery(c, UseQuery);
    await give(context, c.req.param("token"), {
      ...(score === undefined ? {} : { score }),
      ...(value === undefined ? {} : { value }),
      ...(comment === undefined ? {} : { comment }),
      ...(correction === undefined ? {} : { correction }),
    });
    return c.json({ message: "Feedback created" });
  });
}

type Given = Partial<Omit<Parameters<ServerContext["store"]["feedbackWrite"]>[0]["feedback"][number], "id">>;

async function give(context: ServerContext, token: string, given: Given): Promise<void> {
  const row = await context.store.feedbackTokenGet({ id: token });
  if (!row || row.expiresAt <= context.now()) {
    throw new LoopsmithError("forbidden", row ? "the feedback token has expired" : "there is no such feedback token", {
      hint: "Create a new one with POST /feedback/tokens.",
    });
  }
  await context.store.feedbackWrite({
    feedback: [{ id: newId(), runId: row.runId, key: row.key, source: { type: "api", metadata: {} }, ...given }],
  });
}

function tokenJson(token: FeedbackTokenRow, c: Context): Record<string, unknown> {
  return {
    id: token.id,
    url: `${new URL(c.req.url).origin}/feedback/tokens/${token.id}`,
    expires_at: toIsoTime(token.expiresAt),
  };
}
