import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { storeContract } from "./store.contract.ts";

const folder = mkdtempSync(join(tmpdir(), "loopsmith-contract-"));
let count = 0;

storeContract("sqlite", (clock) => sqliteStore({ path: join(folder, `${(count += 1)}.db`), now: () => clock.now }));
