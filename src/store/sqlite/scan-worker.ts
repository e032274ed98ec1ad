import { parentPort, workerData } from "node:worker_threads";
import { errorMessage } from "../../model/errors.ts";
import { connect } from "./connect.ts";
import type { Bindable } from "./statement-cache.ts";

/** What the thread is asked: one query, or to end. */
export type ScanRequest = { id: number; sql: string; parameters: Bindable[] } | "close";
export type ScanReply = { id: number } & ({ rows: unknown[] } | { error: string });

const port = parentPort;
if (port) {
  const connection = connect((workerData as { data: { path: string } }).data.path, "full");
  connection.handle.exec("PRAGMA query_only = ON");
  port.on("message", (request: ScanRequest) => {
    if (request === "close") {
      connection.handle.close();
      port.close();
      return;
    }
    const { id, sql, parameters } = request;
    try {
      port.postMessage({ id, rows: connection.run(sql, parameters).rows } satisfies ScanReply);
    } catch (error) {
      port.postMessage({ id, error: errorMessage(error) } satisfies ScanReply);
    }
  });
}
