import { errorMessage, LoopsmithError } from "../../model/errors.ts";

const UNIQUE_VIOLATION = "23505";
const QUERY_CANCELED = "57014";
/** Wrong user, wrong password, or no rule of the server lets this host in as it came. */
const NOT_LET_IN = /^28/;
const NO_SUCH_DATABASE = "3D000";
const NO_RIGHT = "42501";

/** The SQLSTATE that PostgreSQL gave, or `""`; of an error of ours that of its cause. */
export function codeOf(error: unknown): string {
  if (LoopsmithError.isInstance(error)) return codeOf(error.cause);
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}

/** What goes wrong while the database is used. Class 53 is "insufficient resources": disk full, out of memory, too many connections. */
export function toStoreError(error: unknown): LoopsmithError {
  if (LoopsmithError.isInstance(error)) return error;
  const code = codeOf(error);
  const message = errorMessage(error);
  if (code === "53100") {
    return new LoopsmithError("storage_full", `the database's disk is full: ${message}`, {
      hint: "Free space on the database server and retry; everything acknowledged before is safe.",
      cause: error,
    });
  }
  if (code === QUERY_CANCELED) {
    return new LoopsmithError("unavailable", `the database took too long: ${message}`, {
      hint: "It is retried by itself. Look for locks that are held for long, and for what keeps the database busy.",
      cause: error,
    });
  }
  if (code === UNIQUE_VIOLATION) {
    return new LoopsmithError("conflict", message, {
      hint: "Another process wrote the same thing; retry.",
      cause: error,
    });
  }
  // 08: the connection, 28: who we are, 3D: which database, 53: resources, 57: an operator.
  const isSql = /^[0-9A-Z]{5}$/.test(code) && !/^(08|28|3D|53|57)/.test(code);
  if (isSql) {
    return new LoopsmithError("internal", `the database refused: ${message}`, {
      hint: "This is a bug in Loopsmith unless another program changed the schema; please report it.",
      cause: error,
    });
  }
  return new LoopsmithError("unavailable", `cannot reach the database: ${message}`, {
    hint: "Check LOOPSMITH_DATABASE_URL and that PostgreSQL is up; servers and workers that run try again by themselves.",
    cause: error,
  });
}

/** The same of opening it, which nobody tries again by itself. */
export function toOpenError(error: unknown): LoopsmithError {
  const known = toStoreError(error);
  const code = codeOf(error);
  const message = errorMessage(error);
  const cause = LoopsmithError.isInstance(error) ? error.cause : error;
  const say = (as: LoopsmithError["code"], what: string, hint: string): LoopsmithError =>
    new LoopsmithError(as, `${what}: ${message.replace(/^cannot reach the database: /, "")}`, { hint, cause });
  if (NOT_LET_IN.test(code)) {
    return say(
      "unauthorized",
      "PostgreSQL lets us not in",
      "Check user, password and TLS parameters of LOOPSMITH_DATABASE_URL, and the server's pg_hba.conf.",
    );
  }
  if (code === NO_SUCH_DATABASE) {
    return say(
      "not_found",
      "there is no such database",
      "Create it (`createdb`), or name another one in LOOPSMITH_DATABASE_URL.",
    );
  }
  if (code === NO_RIGHT) {
    return say(
      "forbidden",
      "the database user may not do this",
      "Bringing the schema up to date needs the right to create in it; see docs/scale.md for the rights.",
    );
  }
  if (known.code !== "unavailable") return known;
  if (cause instanceof TypeError)
    return say(
      "invalid",
      "LOOPSMITH_DATABASE_URL is no address",
      "Give postgres://user:password@host:port/database, with special characters escaped (`/` is %2F).",
    );
  return say(
    "unavailable",
    "cannot reach the database",
    "Check LOOPSMITH_DATABASE_URL and that PostgreSQL is up, then start it again.",
  );
}
