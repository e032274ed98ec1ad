import type { Hono } from "hono";
import { LoopsmithError } from "../../model/errors.ts";

/** What LangSmith has and this server has not, by path, with what to do instead. */
const UNSUPPORTED: readonly (readonly [paths: readonly string[], what: string, instead: string])[] = [
  [
    ["/runs/rules", "/runs/rules/*"],
    "automation rules",
    "Declare a loop with createFeedbackLoop: it scores, decides and acts in that order.",
  ],
  [
    ["/platform/evaluators/spend"],
    "spend of online evaluators",
    "Evaluators run in loops; `loopsmith status` shows their budget.",
  ],
  [["/platform/alerts/*"], "alert rules", "Declare alerts in loopsmith.config.ts."],
  [
    ["/sessions/:id/insights", "/sessions/:id/insights/*"],
    "the Insights agent",
    "Use the patterns of a loop: `loopsmith patterns`.",
  ],
  [["/platform/issues", "/platform/issues/*", "/issues", "/issues/*"], "LangSmith Engine", "Use `loopsmith issues`."],
  [["/v2/sandboxes", "/v2/sandboxes/*", "/sandboxes", "/sandboxes/*"], "sandboxes", "Run code in your own process."],
  [["/fleet", "/fleet/*", "/v1/fleet/*"], "fleet", "It is a LangSmith Cloud product."],
  [["/agents", "/agents/*", "/sessions/resolutions"], "the agent registry", "Name the project instead of an address."],
  [["/v2/sql/query"], "SQL queries", "Use `filter` on runs and traces."],
  [["/charts", "/charts/*", "/sessions/:id/dashboard"], "dashboards", "Use /runs/stats."],
  [["/prompt-webhooks", "/prompt-webhooks/*"], "prompt webhooks", "Poll the prompt's commits."],
  [["/runs/generate-query"], "queries in natural language", 'Use `filter`, for example eq(run_type, "llm").'],
  [
    ["/platform/product-feedbacks", "/platform/product-feedbacks/*"],
    "product feedback",
    "Open an issue in the project's repository.",
  ],
  [
    ["/workspaces/current/secrets"],
    "workspace secrets",
    "Keep secrets in the environment of the process that uses them.",
  ],
];

/** An honest 501 beats a 404 that looks like a wrong address. */
export function unsupportedRoutes(app: Hono): void {
  for (const [paths, what, instead] of UNSUPPORTED) {
    for (const path of paths) {
      app.all(path, () => {
        throw new LoopsmithError("not_implemented", `${what}: out of scope of this server`, { hint: instead });
      });
    }
  }
}
