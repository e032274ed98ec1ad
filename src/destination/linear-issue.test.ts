import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { aDelivery } from "../../test/servers/a-delivery.ts";
import { deliveryContext } from "../../test/servers/delivery-context.ts";
import {
  scriptedHttp,
  type ReceivedRequest,
  type ScriptedHttpServer,
  type Step,
} from "../../test/servers/scripted-http.ts";
import { notify } from "./action-helpers.ts";
import type { Destination } from "./destination.ts";
import { linearIssue, type LinearIssueOptions } from "./linear-issue.ts";

interface Issue {
  id: string;
  identifier: string;
  title: string;
  description: string;
  done: boolean;
}

const VERSION_FOUR = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** What Linear's GraphQL does, as far as it is used: search open issues, read one, create with a given id. */
class Workspace {
  issues: Issue[] = [];
  /** Creates the issue and loses the answer, that many times. */
  loseAnswers = 0;

  readonly answer = (response: ServerResponse, request: ReceivedRequest): void => {
    const { query, variables } = JSON.parse(request.body) as { query: string; variables: Record<string, unknown> };
    const reply = (body: unknown): void => void response.writeHead(200).end(JSON.stringify(body));
    if (query.includes("issues(")) {
      const nodes = this.issues.filter(
        ({ done, description }) => !done && description.includes(String(variables.reference)),
      );
      return reply({ data: { issues: { nodes } } });
    }
    if (query.includes("issue(id")) {
      const issue = this.issues.find(({ id }) => id === variables.id);
      return reply(
        issue
          ? { data: { issue } }
          : { errors: [{ message: "Entity not found", extensions: { code: "INPUT_ERROR" } }] },
      );
    }
    const { id, title, description } = variables.input as Issue;
    if (!VERSION_FOUR.test(id) || this.issues.some((issue) => issue.id === id)) {
      return reply({ errors: [{ message: `invalid id ${id}`, extensions: { code: "INVALID_INPUT" } }] });
    }
    const issue = { id, identifier: `RAG-${this.issues.length + 1}`, title, description, done: false };
    this.issues.push(issue);
    if (this.loseAnswers-- > 0) return void response.socket?.resetAndDestroy();
    return reply({ data: { issueCreate: { success: true, issue } } });
  };
}

function issues(server: ScriptedHttpServer, options: Partial<LinearIssueOptions> = {}): Destination {
  return linearIssue({
    apiKey: "lin_api_x",
    teamId: "team",
    apiUrl: server.url,
    allowPrivateNetworks: true,
    ...options,
  });
}

describe("Linear issues", () => {
  it("opens an issue, and joins failures of the same kind to it until it is done", async () => {
    const workspace = new Workspace();
    await using server = await scriptedHttp([workspace.answer]);
    const destination = issues(server, { priority: 2, labelIds: ["l"], projectId: "p" });
    const deliver = (traceId: string) => destination.deliver(aDelivery(notify("bugs"), { traceId }), deliveryContext());
    const together = await Promise.all(["a", "b"].map(deliver));
    expect(together).toEqual([
      { status: "delivered", detail: "opened RAG-1" },
      { status: "delivered", detail: "open already as RAG-1" },
    ]);
    expect(server.requests[0]?.headers.authorization).toBe("lin_api_x");
    expect(JSON.parse(server.requests[1]?.body ?? "").variables.input).toMatchObject({
      teamId: "team",
      priority: 2,
      labelIds: ["l"],
      projectId: "p",
    });
    for (const issue of workspace.issues) issue.done = true;
    expect(await deliver("c")).toMatchObject({ detail: "opened RAG-2" });
  });

  it("opens no second issue when an answer was lost, not even after the first is done", async () => {
    const workspace = new Workspace();
    workspace.loseAnswers = 2;
    await using server = await scriptedHttp([workspace.answer]);
    const destination = issues(server, { groupBy: ({ id }) => id });
    const one = aDelivery(notify("bugs"), { traceId: "one" });
    expect(await destination.deliver(one, deliveryContext())).toMatchObject({ status: "retry" });
    expect(await destination.deliver(one, deliveryContext())).toMatchObject({ detail: "open already as RAG-1" });
    const two = aDelivery(notify("bugs"), { traceId: "two" });
    expect(await destination.deliver(two, deliveryContext())).toMatchObject({ status: "retry" });
    for (const issue of workspace.issues) issue.done = true;
    expect(await destination.deliver(two, deliveryContext())).toMatchObject({ detail: "opened before as RAG-2" });
    expect(workspace.issues).toHaveLength(2);
  });

  it("is not misled by a reference in the text of a trace", async () => {
    const workspace = new Workspace();
    await using server = await scriptedHttp([workspace.answer]);
    const destination = issues(server);
    await destination.deliver(aDelivery(notify("bugs")), deliveryContext());
    const reference = /loopsmith-[0-9a-f-]{36}/.exec(workspace.issues[0]?.description ?? "")?.[0] ?? "";
    workspace.issues = [];
    const decoy = aDelivery(notify("bugs", { text: reference }), { loop: "other", traceId: "decoy" });
    expect(await destination.deliver(decoy, deliveryContext())).toMatchObject({ detail: "opened RAG-1" });
    expect(workspace.issues[0]?.description).toContain(reference);
    expect(await destination.deliver(aDelivery(notify("bugs")), deliveryContext())).toMatchObject({
      detail: "opened RAG-2",
    });
  });

  it.each<[step: Step, outcome: object]>([
    [
      {
        status: 400,
        headers: { "x-ratelimit-requests-reset": "1060000" },
        body: { errors: [{ message: "slow down", extensions: { code: "RATELIMITED" } }] },
      },
      { status: "retry", retryAfterMs: 60_000, reason: "Linear says: slow down" },
    ],
    [
      { status: 401, body: { errors: [{ message: "no", extensions: { code: "AUTHENTICATION_ERROR" } }] } },
      { status: "retry" },
    ],
    [
      { status: 200, body: { errors: [{ message: "teamId must be a UUID", extensions: { code: "INVALID_INPUT" } }] } },
      { status: "dead" },
    ],
    [
      { status: 502, body: "bad gateway" },
      { status: "retry", reason: "status 502: bad gateway" },
    ],
    [{ status: 200, body: "<html>" }, { status: "retry" }],
  ])("reads the answer %j as %j", async (step, outcome) => {
    await using server = await scriptedHttp([step]);
    const context = deliveryContext({ now: () => 1_000_000 });
    expect(await issues(server).deliver(aDelivery(notify("bugs")), context)).toMatchObject(outcome);
  });

  it("refuses to be made without key or team", () => {
    expect(() => linearIssue({ apiKey: "", teamId: "t" })).toThrow(/needs `apiKey`/);
    expect(() => linearIssue({ apiKey: "k", teamId: "" })).toThrow(/needs `teamId`/);
  });
});
