import type { Hono } from "hono";
import { z } from "zod";
import { pickLoop } from "../../loop/pick-loop.ts";
import { resolveSince } from "../../loop/window.ts";
import { DELIVERY_STATES } from "../../model/delivery.ts";
import { LoopsmithError } from "../../model/errors.ts";
import type { DeliveryFilter } from "../../store/resource/delivery.ts";
import { readJson, readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";

const MAX_LISTED = 1_000;

const filters = {
  /** Name of the loop. */
  loop: z.string().optional(),
  kind: z.string().optional(),
  trace: z.string().optional(),
  since: z.string().optional(),
  until: z.string().optional(),
};
const ListQuery = z.object({
  ...filters,
  state: z.array(z.enum(DELIVERY_STATES)).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LISTED).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
const ReplayBody = z.object({
  ...filters,
  ids: z.array(z.string()).min(1).max(MAX_LISTED).optional(),
  state: z.enum(["dead", "suppressed", "delivered"]).optional(),
  all: z.boolean().default(false),
});

/**
 * `GET /api/loopsmith/deliveries` lists, newest last, with counts; `GET /api/loopsmith/deliveries/:id` shows one;
 * `POST /api/loopsmith/deliveries/replay` sends dead ones again under the same ids: those named by `ids` (suppressed ones too),
 * those of a time range, or with `all` every one that matches.
 */
export function deliveryRoutes(app: Hono, context: ServerContext): void {
  const { store } = context;

  async function filterOf(query: z.infer<z.ZodObject<typeof filters>>): Promise<DeliveryFilter> {
    const { loop: name, kind, trace, since, until } = query;
    const loop = name === undefined ? undefined : await pickLoop(store, name);
    return {
      ...(loop && { loopId: loop.id }),
      ...(kind !== undefined && { kind }),
      ...(trace !== undefined && { traceId: trace }),
      ...(since !== undefined && { createdFrom: resolveSince(since, store.now()) }),
      ...(until !== undefined && { createdTo: resolveSince(until, store.now()) }),
    };
  }

  app.get("/api/loopsmith/deliveries", async (c) => {
    const { state, limit, offset, ...query } = readQuery(c, ListQuery);
    const filter = await filterOf(query);
    const [counts, deliveries] = await Promise.all([
      store.deliveryCounts(filter.loopId === undefined ? {} : { loopId: filter.loopId }),
      store.deliveryList({ ...filter, limit, offset, ...(state && { states: state }) }),
    ]);
    return c.json({ counts, deliveries });
  });

  app.get("/api/loopsmith/deliveries/:id", async (c) => {
    const id = c.req.param("id");
    const [delivery] = await store.deliveryList({ ids: [id], limit: 1 });
    if (delivery) return c.json({ delivery });
    throw new LoopsmithError("not_found", `there is no delivery ${id}`, {
      hint: "GET /api/loopsmith/deliveries lists them.",
    });
  });

  app.post("/api/loopsmith/deliveries/replay", async (c) => {
    const { ids, state, all, ...query } = await readJson(c, context, ReplayBody);
    if (!ids && !all && query.since === undefined) {
      throw new LoopsmithError("invalid", "nothing was chosen to replay", {
        hint: "Send ids, a time range that begins with since, or all: true.",
      });
    }
    const filter = await filterOf(query);
    const replayed = await store.deliveryReplay({
      ...filter,
      ...(ids && { ids }),
      ...(state && { states: [state] }),
    });
    return c.json({ replayed });
  });
}
