import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeGitHub extends AsyncDisposable {
  url: string;
  requests: { method: string; path: string; authorization: string }[];
  /** Branch to commit, commit to its files and message. */
  branches: Map<string, string>;
  commits: Map<string, { tree: string; parents: string[]; message: string }>;
  trees: Map<string, Record<string, string>>;
  pulls: {
    number: number;
    head: string;
    base: string;
    title: string;
    body: string;
    state: string;
    draft: boolean;
    merged_at: string | null;
  }[];
  /** Request number (from 1) to what goes wrong: a status instead of the work, or the work done and the answer lost. */
  faults: Map<number, number | "lost">;
}

const REPOSITORY = "acme/rag";

/** A GitHub of one repository on loopback, as strict about requests as the real one in what promotions use. */
export async function fakeGitHub(files: Record<string, string>): Promise<FakeGitHub> {
  const github: Omit<FakeGitHub, "url" | typeof Symbol.asyncDispose> = {
    requests: [],
    branches: new Map(),
    commits: new Map(),
    trees: new Map(),
    pulls: [],
    faults: new Map(),
  };
  const tree = put(github.trees, files);
  github.branches.set("main", put(github.commits, { tree, parents: [], message: "first" }));

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { method = "", url = "", headers } = request;
      github.requests.push({ method, path: url, authorization: headers.authorization ?? "" });
      const fault = github.faults.get(github.requests.length);
      if (typeof fault === "number")
        return response.writeHead(fault, fault === 403 ? { "retry-after": "1" } : {}).end("{}");
      const known = headers["x-github-api-version"] === "2022-11-28" && headers["user-agent"] !== undefined;
      const [status, answer] =
        headers.authorization !== "Bearer secret-token"
          ? [401, { message: "Bad credentials" }]
          : known
            ? route(github, method, url, body)
            : [400, { message: "bad headers" }];
      if (fault === "lost") return response.destroy();
      return response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(github, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

type Body = Record<string, unknown>;

function route(
  github: Omit<FakeGitHub, "url" | typeof Symbol.asyncDispose>,
  method: string,
  url: string,
  body: Body,
): [number, unknown] {
  const { pathname, searchParams } = new URL(url, "http://github");
  const prefix = `/repos/${REPOSITORY}`;
  if (!pathname.startsWith(prefix)) return [404, { message: "Not Found" }];
  const path = decodeURIComponent(pathname.slice(prefix.length));
  const shown = (pull: (typeof github.pulls)[number]): unknown => ({
    ...pull,
    html_url: `https://github.com/${REPOSITORY}/pull/${pull.number}`,
  });

  if (method === "GET" && path.startsWith("/git/ref/heads/")) {
    const sha = github.branches.get(path.slice("/git/ref/heads/".length));
    return sha ? [200, { object: { sha } }] : [404, { message: "Not Found" }];
  }
  if (method === "GET" && path.startsWith("/git/commits/")) {
    const commit = github.commits.get(path.slice("/git/commits/".length));
    return commit ? [200, { tree: { sha: commit.tree } }] : [404, { message: "Not Found" }];
  }
  if (method === "GET" && path.startsWith("/contents/")) {
    const commit = github.commits.get(searchParams.get("ref") ?? "");
    const content = github.trees.get(commit?.tree ?? "")?.[path.slice("/contents/".length)];
    if (content === undefined) return [404, { message: "Not Found" }];
    return [
      200,
      {
        encoding: "base64",
        content: Buffer.from(content)
          .toString("base64")
          .replaceAll(/(.{60})/g, "$1\n"),
      },
    ];
  }
  if (method === "POST" && path === "/git/trees") {
    const entries = body["tree"] as { path: string; mode: string; type: string; content: string }[];
    if (entries.some((entry) => entry.mode !== "100644" || entry.type !== "blob"))
      return [422, { message: "bad tree" }];
    const base = github.trees.get(String(body["base_tree"])) ?? {};
    const sha = put(github.trees, {
      ...base,
      ...Object.fromEntries(entries.map((entry) => [entry.path, entry.content])),
    });
    return [201, { sha }];
  }
  if (method === "POST" && path === "/git/commits") {
    const { message, tree, parents } = body as { message: string; tree: string; parents: string[] };
    return [201, { sha: put(github.commits, { message, tree, parents }) }];
  }
  if (method === "POST" && path === "/git/refs") {
    const branch = String(body["ref"]).replace("refs/heads/", "");
    if (github.branches.has(branch)) return [422, { message: "Reference already exists" }];
    github.branches.set(branch, String(body["sha"]));
    return [201, { ref: body["ref"] }];
  }
  if (method === "PATCH" && path.startsWith("/git/refs/heads/")) {
    github.branches.set(path.slice("/git/refs/heads/".length), String(body["sha"]));
    return [200, {}];
  }
  if (method === "GET" && path === "/pulls") {
    const head = searchParams.get("head")?.replace("acme:", "");
    return [
      200,
      github.pulls.filter((pull) => pull.head === head && pull.base === searchParams.get("base")).map(shown),
    ];
  }
  if (method === "POST" && path === "/pulls") {
    const {
      head,
      base,
      title,
      body: text,
      draft,
    } = body as { head: string; base: string; title: string; body: string; draft: boolean };
    if (!github.branches.has(head)) return [422, { message: "head does not exist" }];
    if (github.pulls.some((pull) => pull.head === head && pull.state === "open")) {
      return [422, { message: `A pull request already exists for acme:${head}.` }];
    }
    const pull = {
      number: github.pulls.length + 7,
      head,
      base,
      title,
      body: text,
      draft,
      state: "open",
      merged_at: null,
    };
    github.pulls.push(pull);
    return [201, shown(pull)];
  }
  if (method === "PATCH" && path.startsWith("/pulls/")) {
    const pull = github.pulls.find((item) => String(item.number) === path.slice("/pulls/".length));
    if (pull) pull.state = String(body["state"]);
    return pull ? [200, shown(pull)] : [404, { message: "Not Found" }];
  }
  return [404, { message: "Not Found" }];
}

function put<T>(store: Map<string, T>, value: T): string {
  const sha = createHash("sha1").update(JSON.stringify(value)).digest("hex");
  store.set(sha, value);
  return sha;
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Body);
}
