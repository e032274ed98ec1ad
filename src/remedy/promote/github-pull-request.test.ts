import { describe, expect, it } from "vitest";
import { fakeGitHub } from "./github.fixture.ts";
import type { FakeGitHub } from "./github.fixture.ts";
import { promotePullRequest } from "./github-pull-request.ts";
import type { PullRequestOptions } from "./github-pull-request.ts";
import { aContext, aPromotion } from "./promotion.fixture.ts";
import type { PromptConfig } from "./promotion.fixture.ts";

const PATH = "prompts/answer prompt.json";
const BRANCH = `loopsmith/${aPromotion().id}`;

function promoter(github: FakeGitHub, rest: Partial<PullRequestOptions<PromptConfig>> = {}) {
  return promotePullRequest<PromptConfig>({
    repository: "acme/rag",
    token: "secret-token",
    apiUrl: github.url,
    fetch,
    edit: async ({ candidate }, read) => {
      const before = JSON.parse((await read(PATH)) ?? "{}") as object;
      return [{ path: PATH, content: JSON.stringify({ ...before, ...candidate.config }) }];
    },
    ...rest,
  });
}

function filesOn(github: FakeGitHub, branch: string): Record<string, string> | undefined {
  const commit = github.commits.get(github.branches.get(branch) ?? "");
  return github.trees.get(commit?.tree ?? "");
}

describe("promotePullRequest", () => {
  it("opens one pull request with one commit on top of the base branch", async () => {
    await using github = await fakeGitHub({ [PATH]: '{"prompt":"Answer.","model":"ä"}', "README.md": "hi" });
    const promoted = await promoter(github).promote(aPromotion(), aContext());
    expect(promoted).toMatchObject({
      reference: "#7",
      url: "https://github.com/acme/rag/pull/7",
      details: { branch: BRANCH },
    });
    expect(filesOn(github, BRANCH)).toEqual({ [PATH]: '{"prompt":"Cite.","model":"ä"}', "README.md": "hi" });
    expect(filesOn(github, "main")?.[PATH]).toContain("Answer.");
    const commit = github.commits.get(github.branches.get(BRANCH) ?? "");
    expect(commit?.parents).toEqual([github.branches.get("main")]);
    expect(github.pulls).toMatchObject([{ base: "main", head: BRANCH, draft: false, state: "open" }]);
  });

  it("says why in the body, without mentions and references of its own", async () => {
    await using github = await fakeGitHub({ [PATH]: "{}" });
    await promoter(github).promote(aPromotion(), aContext());
    const body = github.pulls[0]?.body ?? "";
    expect(body).toContain("**PASS**");
    expect(body).toContain("The improvement is shown");
    expect(body).not.toMatch(/@octocat|#1\b/);
  });

  it("finds its pull request when it is repeated", async () => {
    await using github = await fakeGitHub({ [PATH]: "{}" });
    const first = await promoter(github).promote(aPromotion(), aContext());
    expect(await promoter(github).promote(aPromotion(), aContext())).toEqual(first);
    const merged = github.pulls[0];
    if (merged) Object.assign(merged, { state: "closed", merged_at: "2026-01-01T00:00:00Z" });
    expect(await promoter(github).promote(aPromotion(), aContext())).toEqual(first);
    expect(github.pulls).toHaveLength(1);
  });

  it("comes to the same whichever request fails or loses its answer", async () => {
    await using healthy = await fakeGitHub({ [PATH]: "{}" });
    await promoter(healthy).promote(aPromotion(), aContext());
    for (const fault of [500, 429, 403, "lost"] as const) {
      for (let at = 1; at <= healthy.requests.length; at += 1) {
        await using github = await fakeGitHub({ [PATH]: "{}" });
        github.faults.set(at, fault);
        const promoted = await promoter(github).promote(aPromotion(), aContext());
        expect(promoted).toMatchObject({ reference: "#7" });
        expect(github.pulls).toHaveLength(1);
        expect(filesOn(github, BRANCH)).toEqual(filesOn(healthy, BRANCH));
      }
    }
  });

  it("goes on after a crash between any two requests", async () => {
    await using healthy = await fakeGitHub({ [PATH]: "{}" });
    await promoter(healthy).promote(aPromotion(), aContext());
    for (let crash = 1; crash < healthy.requests.length; crash += 1) {
      await using github = await fakeGitHub({ [PATH]: "{}" });
      let calls = 0;
      const dying: typeof fetch = (...request) => {
        if (++calls > crash) throw new Error("killed");
        return fetch(...request);
      };
      await expect(promoter(github, { fetch: dying }).promote(aPromotion(), aContext())).rejects.toThrow("killed");
      await promoter(github).promote(aPromotion(), aContext());
      expect(github.pulls).toHaveLength(1);
      expect(filesOn(github, BRANCH)).toEqual(filesOn(healthy, BRANCH));
    }
  });

  it("does not open again what a person closed, and closes its own on a roll-back", async () => {
    await using github = await fakeGitHub({ [PATH]: "{}" });
    const promoted = await promoter(github).promote(aPromotion(), aContext());
    await promoter(github).rollBack?.(aPromotion(), promoted, aContext());
    expect(github.pulls[0]?.state).toBe("closed");
    await expect(promoter(github).promote(aPromotion(), aContext())).rejects.toMatchObject({ code: "conflict" });
  });

  it.each([
    ["a wrong token", { token: "wrong" }, "unauthorized"],
    ["an unknown repository", { repository: "acme/other" }, "not_found"],
    ["no repository", { repository: "https://github.com/acme/rag" }, "invalid"],
    ["an unknown branch", { base: "develop" }, "not_found"],
    ["no change", { edit: async () => [] }, "invalid"],
    ["the same content", { edit: async () => [{ path: PATH, content: "{}" }] }, "invalid"],
    ["a path out of the repository", { edit: async () => [{ path: "../../etc/passwd", content: "" }] }, "invalid"],
    ["git's own files", { edit: async () => [{ path: ".git/config", content: "" }] }, "invalid"],
  ] as const)("refuses %s", async (_name, options, code) => {
    await using github = await fakeGitHub({ [PATH]: "{}" });
    const failing = promoter(github, options).promote(aPromotion(), aContext());
    const error: unknown = await failing.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error) + String(error)).not.toContain("secret-token");
    expect(github.pulls).toHaveLength(0);
  });

  it("gives up on an outage and says when to come back", async () => {
    await using github = await fakeGitHub({ [PATH]: "{}" });
    for (let at = 1; at < 20; at += 1) github.faults.set(at, 502);
    await expect(promoter(github).promote(aPromotion(), aContext())).rejects.toMatchObject({ code: "unavailable" });
    expect(github.requests).toHaveLength(3);
  });
});
