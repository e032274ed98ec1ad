import { describe, it } from "vitest";
import { newId } from "../../src/model/id.ts";
import { postgresStore } from "../../src/store/postgres/postgres-store.ts";
import { exerciseOpening } from "./exercise-opening.ts";
import { exercisePostgres } from "./exercise-postgres.ts";
import { storeContract } from "./store.contract.ts";

const url = process.env["LOOPSMITH_TEST_POSTGRES"];

if (url) {
  storeContract("postgres", (clock) =>
    postgresStore({ url, schema: `t_${newId().replaceAll("-", "_")}`, poolSize: 4, now: () => clock.now }),
  );
  exercisePostgres(url);
  exerciseOpening(url);
} else {
  // `npm test` starts a PostgreSQL and says so when it cannot; in CI that is a failure.
  describe("store contract: postgres", () => it.skip("needs LOOPSMITH_TEST_POSTGRES", () => {}));
}
