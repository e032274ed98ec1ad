import type { Hono } from "hono";
import { toIsoTime } from "../../internal/iso-time.ts";
import { TENANT_HANDLE, TENANT_ID } from "../../wire/langsmith/tenant.ts";
import type { ServerContext } from "../server-context.ts";

/** The LangSmith release whose API this server speaks; clients switch features on by it. */
const SPEAKS = "0.18.0";

/** What this server can do, and where clients stop to batch. */
export function infoRoutes(app: Hono, { limits }: ServerContext): void {
  app.get("/info", (c) =>
    c.json({
      version: SPEAKS,
      license_expiration_time: null,
      batch_ingest_config: {
        use_multipart_endpoint: true,
        scale_up_qsize_trigger: 1000,
        scale_up_nthreads_limit: 16,
        scale_down_nempty_trigger: 4,
        size_limit: 100,
        size_limit_bytes: Math.min(20_971_520, limits.inflatedBytes),
      },
      instance_flags: {
        // Both query APIs are served.
        ch_query_enabled: true,
        sdb_query_enabled: true,
        gzip_body_enabled: true,
        zstd_compression_enabled: true,
        dataset_examples_multipart_enabled: true,
        examples_multipart_enabled: true,
        blob_storage_enabled: true,
        search_enabled: true,
        payment_enabled: false,
        show_ttl_ui: false,
        trace_tier_duration_days: null,
      },
      // Ours: tells our own client code that queue items carry metadata here.
      loopsmith: { queue_item_metadata: true },
    }),
  );
  app.get("/ok", (c) => c.json({ ok: true }));
}

/** The one workspace. */
export function settingsRoutes(app: Hono): void {
  const workspace = {
    id: TENANT_ID,
    display_name: "Loopsmith",
    tenant_handle: TENANT_HANDLE,
    created_at: toIsoTime(0),
  };
  app.get("/settings", (c) => c.json(workspace));
  app.get("/workspaces", (c) => c.json([workspace]));
  app.get("/workspaces/current", (c) => c.json(workspace));
}
