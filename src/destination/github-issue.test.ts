import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { aContext, aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import {
  scriptedHttp,
  type ReceivedRequest,
  type ScriptedHttpServer,
  type Step,
} from "../../test/servers/scripted-http.ts";
import { notify } from "./action-helpers.ts";
import type { Destination } from "./destination.ts";
import { githubIssue, type GithubIssueOptions } from "./github-issue.ts";

interface Issue {
  number: number;
  state: "open" | "closed";
  title: string;
  body: string;
  labels: { name: string }[];
}

/** What the two endpoints of GitHub do, as far as they are used: list by label, state and page; create. */
class Repository {
  issues: Issue[] = [];
  /** Creates the issue and loses the answer, that many times. */
  loseAnswers = 0;
  mayLabel = true;

  readonly answer = (response: ServerResponse, request: ReceivedRequest): void => {
    const url = new URL(request.path, "http://github");
    const reply = (status: number, body: unknown): void => void response.writeHead(status).end(JSON.stringify(body));
    if (url.pathname !== "/repos/acme/rag/issues" || request.headers.authorization !== "Bearer t0ken") {
      return reply(404, { message: "Not Found" });
    }
    if (request.method === "GET") return reply(200, this.list(url.searchParams));
    const { title, body, labels } = JSON.parse(request.body) as { title: string; body: string; labels: string[] };
    const issue: Issue = {
      number: this.issues.length + 1,
      state: "open",
      title,
      body,
      labels: this.mayLabel ? labels.map((name) => ({ name })) : [],
    };
    this.issues.push(issue);
    if (this.loseAnswers-- > 0) return void response.socket?.resetAndDestroy();
    return reply(201, issue);
  };

  private list(query: URLSearchParams): Issue[] {
    const size = Number(query.get("per_page"));
    const start = (Number(query.get("page")) - 1) * size;
    return this.issues
      .filter(
        ({ state, labels }) => state === query.get("state") && labels.some(({ name }) => name === query.get("labels")),
      )
      .sort((a, b) => b.number - a.number)
      .slice(start, start + size);
  }
}

function issues(server: ScriptedHttpServer, options: Partial<GithubIssueOptions> = {}): Destination {
  return githubIssue({
    repository: "acme/rag",
    token: "t0ken",
    apiUrl: server.url,
    allowPrivateNetworks: true,
    ...options,
  });
}

describe("GitHub issues", () => {
  it("opens an issue with label, escaped text and hidden marker", async () => {
    const repository = new Repository();
    await using server = await scriptedHttp([repository.answer]);
    const delivery = aDelivery(notify("bugs", { title: "Low faithfulness", text: "@octocat <b>look</b>" }));
    expect(await issues(server).deliver(delivery, deliveryContext())).toEqual({
      status: "delivered",
      detail: "opened #1",
    });
    const [issue] = repository.issues;
    expect(issue).toMatchObject({ title: "Low faithfulness", labels: [{ name: "loopsmith" }] });
    expect(issue?.body).toContain("```text\n@octocat <b>look</b>\n```");
    expect(issue?.body).toMatch(new RegExp(`<!-- loopsmith group=[0-9a-f-]{36} delivery=${delivery.id} -->$`));
  });

  it("joins failures of one kind to the open issue, until it is closed", async () => {
    const repository = new Repository();
    await using server = await scriptedHttp([repository.answer]);
    const destination = issues(server);
    const deliver = (traceId: string, name = "retrieval") => {
      const context = aContext(traceId, { culprit: { name, kind: "retriever", span_id: "s", evidence: [] } });
      return destination.deliver(aDelivery(notify("bugs"), { traceId, context }), deliveryContext());
    };
    const together = await Promise.all(["a", "b", "c"].map((traceId) => deliver(traceId)));
    expect(together.map((outcome) => outcome.status === "delivered" && outcome.detail)).toEqual([
      "opened #1",
      "open already as #1",
      "open already as #1",
    ]);
    expect(await deliver("d", "answer")).toMatchObject({ detail: "opened #2" });
    for (const issue of repository.issues) issue.state = "closed";
    expect(await deliver("e")).toMatchObject({ detail: "opened #3" });
  });

  it("opens no second issue when an answer was lost, not even after a person closed the first", async () => {
    const repository = new Repository();
    repository.loseAnswers = 2;
    await using server = await scriptedHttp([repository.answer]);
    const one = aDelivery(notify("bugs"), { traceId: "one" });
    const destination = issues(server, { groupBy: ({ id }) => id });
    expect(await destination.deliver(one, deliveryContext())).toMatchObject({ status: "retry" });
    const retried = { ...one, attempts: 1 };
    expect(await destination.deliver(retried, deliveryContext())).toMatchObject({ detail: "open already as #1" });

    const two = aDelivery(notify("bugs"), { traceId: "two" });
    expect(await destination.deliver(two, deliveryContext())).toMatchObject({ status: "retry" });
    for (const issue of repository.issues) issue.state = "closed";
    expect(await destination.deliver({ ...two, attempts: 1 }, deliveryContext())).toMatchObject({
      detail: "opened before as #2, closed since",
    });
    expect(repository.issues).toHaveLength(2);
  });

  it("finds an issue on a later page, and no marker but the last", async () => {
    const repository = new Repository();
    await using server = await scriptedHttp([repository.answer]);
    const destination = issues(server);
    await destination.deliver(aDelivery(notify("bugs"), { traceId: "first" }), deliveryContext());
    const marker = repository.issues[0]?.body.split("\n").at(-1) ?? "";
    for (let n = 2; n <= 70; n++) {
      repository.issues.push({
        number: n,
        state: "open",
        title: "",
        body: `${marker}\n<!-- loopsmith group=x delivery=y -->`,
        labels: [{ name: "loopsmith" }],
      });
    }
    expect(
      await destination.deliver(aDelivery(notify("bugs"), { traceId: "second" }), deliveryContext()),
    ).toMatchObject({
      detail: "open already as #1",
    });
  });

  it("says when the label that finds issues again may not be set", async () => {
    const repository = new Repository();
    repository.mayLabel = false;
    await using server = await scriptedHttp([repository.answer]);
    expect(await issues(server).deliver(aDelivery(notify("bugs")), deliveryContext())).toMatchObject({
      detail: expect.stringContaining('may not set the label "loopsmith"'),
    });
  });

  it.each<[step: Step, outcome: object]>([
    [{ status: 401, body: "Bad credentials" }, { status: "retry" }],
    [
      { status: 410, body: "Issues are disabled" },
      { status: "dead", disable: true },
    ],
    [
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1060" } },
      { status: "retry", retryAfterMs: 60_000 },
    ],
    [
      { status: 403, headers: { "retry-after": "90" } },
      { status: "retry", retryAfterMs: 90_000 },
    ],
    [
      { status: 200, body: "<html>" },
      { status: "retry", reason: "GitHub's list of issues is no JSON list" },
    ],
    [{ status: 301, headers: { location: "https://elsewhere.example" } }, { status: "retry" }],
  ])("reads the answer %j to its search as %j, and opens nothing", async (step, outcome) => {
    await using server = await scriptedHttp([step]);
    const context = deliveryContext({ now: () => 1_000_000 });
    expect(await issues(server).deliver(aDelivery(notify("bugs")), context)).toMatchObject(outcome);
    expect(server.requests.map(({ method }) => method)).toEqual(["GET"]);
  });

  it("takes a refused issue as final", async () => {
    await using server = await scriptedHttp([
      { status: 200, body: [] },
      { status: 422, body: "Validation Failed" },
    ]);
    expect(await issues(server).deliver(aDelivery(notify("bugs")), deliveryContext())).toMatchObject({
      status: "dead",
    });
  });

  it("refuses to be made without repository or token", () => {
    expect(() => githubIssue({ repository: "", token: "t" })).toThrow(/needs `repository`/);
    expect(() => githubIssue({ repository: "acme/rag", token: "" })).toThrow(/needs `token`/);
    expect(() => githubIssue({ repository: "https://github.com/acme/rag", token: "t" })).toThrow(/owner\/name/);
  });
});
