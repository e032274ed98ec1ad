export { createServer, type Server, type ServerOptions } from "./create-server.ts";
export { listen, type Listening, type ListenOptions } from "./listen.ts";
export { applyRetention, startRetention, type RetentionOptions, type RetentionPolicy } from "./retention.ts";
export type { ServerLimits, ServerLogger } from "./server-context.ts";
export { openStore, type OpenStoreOptions } from "../store/open-store.ts";
export type { Store } from "../store/store.ts";
export type { TouchedTrace } from "../store/resource/span.ts";
