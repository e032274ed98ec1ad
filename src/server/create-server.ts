import { Hono } from "hono";
import { collectGarbageSoon } from "../internal/collect-garbage.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { TouchedTrace } from "../store/resource/span.ts";
import type { Store } from "../store/store.ts";
import { deliveryRoutes } from "./api/deliveries.ts";
import { healthRoutes } from "./api/health.ts";
import { remedyRoutes } from "./api/remedies.ts";
import { calibrationRoutes } from "./api/calibration.ts";
import { culpritRoutes } from "./api/culprits.ts";
import { alertRoutes } from "./api/alerts.ts";
import { issueRoutes } from "./api/issues.ts";
import { patternRoutes } from "./api/patterns.ts";
import { authenticator } from "./authenticate.ts";
import { canonicalPath, isSuspectPath } from "./canonical-path.ts";
import { hostGuard } from "./host-guard.ts";
import { errorResponse, HTTP_STATUS } from "./http-status.ts";
import { InFlightBytes } from "./in-flight-bytes.ts";
import { IngestLine } from "./ingest-line.ts";
import { langsmithRoutes } from "./langsmith/routes.ts";
import { otlpRoutes } from "./otlp.ts";
import { guardOrigin } from "./origin-guard.ts";
import { isPublicPath } from "./public-path.ts";
import { signingKey } from "./signing-key.ts";
import { DEFAULT_LIMITS, type ServerContext, type ServerLimits, type ServerLogger } from "./server-context.ts";

export interface ServerOptions {
  /** Where traces are kept: what `openStore` gives. Whoever opens it closes it. */
  store: Store;
  /** What clients must send as `x-api-key` or bearer token. `null` lets everybody in. @default null */
  apiKey?: string | null;
  /** Host names (with or without port) the server answers to beside loopback; `*` for any. @default [] */
  allowedHosts?: readonly string[];
  /** Clock, epoch ms. @default Date.now */
  now?: () => number;
  /** @default silent */
  logger?: ServerLogger;
  limits?: Partial<ServerLimits>;
}

export interface Server {
  /** Answers one request. Takes what the global `fetch` takes, so a client can use it as its `fetchImplementation`. */
  fetch(input: Request | string | URL, init?: RequestInit): Promise<Response>;
  readonly store: Store;
  /** Whether requests need an API key. */
  readonly requiresKey: boolean;
  /** The listener is called after an ingest has been committed; returns how to stop. */
  subscribe(listener: (touched: TouchedTrace[]) => void): () => void;
  /** Waits for requests in flight. The store stays open: whoever opened it closes it. */
  close(): Promise<void>;
}

/** Requests whose remains do not wait until the heap is full; what clients usually send is far smaller. */
const LARGE_BYTES = 4 * 1024 * 1024;

const SILENT: ServerLogger = { info() {}, warn() {}, error() {} };

/**
 * The LangSmith-compatible server over a store, as one `fetch` function without a socket; `listen` gives it a port.
 * A 2xx on a write means committed and fsynced.
 *
 * @throws LoopsmithError `invalid` without a store, or with an empty key
 */
export function createServer(options: ServerOptions): Server {
  const { store, apiKey = null, logger = SILENT, now = Date.now } = options;
  if (!(store as Store | undefined)) {
    throw new LoopsmithError("invalid", "createServer was given no store", {
      hint: "Pass { store: await openStore({ dataDir }) }; loopsmith/server exports openStore.",
    });
  }
  if (apiKey === "") {
    throw new LoopsmithError("invalid", "apiKey is empty, and would let in whoever sends an empty one", {
      hint: "Give a key, or null to let everybody in; an environment variable that is not set gives an empty text in some shells.",
      details: { option: "apiKey" },
    });
  }
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const listeners = new Set<(touched: TouchedTrace[]) => void>();
  let key: Promise<Uint8Array> | undefined;
  const context: ServerContext = {
    store,
    limits,
    logger,
    now,
    inFlight: new InFlightBytes(limits.inFlightBytes),
    ingestLine: new IngestLine(),
    signingKey: () => (key ??= signingKey(store)),
    notify(touched) {
      if (touched.length === 0) return;
      for (const listener of listeners) listener(touched);
    },
  };
  const authenticate = authenticator(apiKey);
  const guardHost = hostGuard(options.allowedHosts ?? []);
  const app = new Hono({ getPath: (request) => canonicalPath(pathOf(request.url)) });

  app.use(async (c, next) => {
    if (isSuspectPath(pathOf(c.req.raw.url))) {
      throw new LoopsmithError("invalid", "the path has an encoded slash, backslash or NUL in it", {
        hint: "Send ids and names without these characters.",
      });
    }
    if (!isPublicPath(c.req.path)) {
      authenticate(c.req.raw.headers);
      if (apiKey === null) guardOrigin(c.req.method, c.req.raw.headers);
    }
    await next();
  });
  healthRoutes(app, context);
  patternRoutes(app, context);
  issueRoutes(app, context);
  alertRoutes(app, context);
  culpritRoutes(app, context);
  calibrationRoutes(app, context);
  remedyRoutes(app, context);
  deliveryRoutes(app, context);
  otlpRoutes(app, context);
  langsmithRoutes(app, context);
  app.notFound((c) =>
    errorResponse(
      new LoopsmithError("not_found", `there is no route ${c.req.method} ${c.req.path}`, {
        hint: "Check LANGSMITH_ENDPOINT; it should be this server's address without a path.",
      }),
    ),
  );
  app.onError((error) => {
    const isKnown = LoopsmithError.isInstance(error) && HTTP_STATUS[error.code] < 500;
    if (!isKnown) logger.error("request failed", error);
    return errorResponse(error);
  });

  const inFlight = new Set<Promise<Response>>();
  return {
    store,
    requiresKey: apiKey !== null,
    async fetch(input, init) {
      const request = typeof input === "string" || input instanceof URL ? new Request(input, init) : input;
      try {
        // In-process requests carry no Host header; the guard is about the socket.
        guardHost(request.headers.get("host"));
      } catch (error) {
        return errorResponse(error);
      }
      const response = Promise.resolve(app.fetch(request));
      inFlight.add(response);
      try {
        return await response;
      } finally {
        inFlight.delete(response);
        if (context.inFlight.release(request) > LARGE_BYTES) collectGarbageSoon();
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      listeners.clear();
      await Promise.allSettled(inFlight);
    },
  };
}

function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  const query = url.indexOf("?", start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
}
