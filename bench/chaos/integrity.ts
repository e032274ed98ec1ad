import { DatabaseSync } from "@photostructure/sqlite";
import { errorMessage } from "../../src/model/errors.ts";

/** `null` for a sound SQLite file, else what is wrong with it. */
export function sqliteProblem(path: string): string | null {
  try {
    const handle = new DatabaseSync(path);
    try {
      const { integrity_check: said } = handle.prepare("pragma integrity_check").get() as { integrity_check: string };
      return said === "ok" ? null : said;
    } finally {
      handle.close();
    }
  } catch (error) {
    return errorMessage(error);
  }
}
