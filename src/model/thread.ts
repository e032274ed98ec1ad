import type { Percentiles } from "./span-stats.ts";

/** A conversation: the traces of one project that carry one thread id. */
export interface Thread {
  threadId: string;
  traces: number;
  errors: number;
  firstStartAt: number;
  lastStartAt: number;
  lastEndAt: number | null;
  firstTraceId: string;
  lastTraceId: string;
  latencyMs: Percentiles;
  totalTokens: number;
  promptTokens: number;
  completionTokens: number;
  cost: number | null;
}
