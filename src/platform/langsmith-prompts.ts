import type { Client } from "langsmith";
import { canonicalJson } from "../internal/canonical-json.ts";
import { LoopsmithError } from "../model/errors.ts";
import type { JsonObject } from "../model/json.ts";
import type { ExperimentPlatform } from "../remedy/experiment-platform.ts";
import { foundOrNull, isStatus, langsmithCall } from "./langsmith-call.ts";
import type { Paced } from "./rate-limiter.ts";

type Prompts = Pick<ExperimentPlatform, "promptRead" | "promptCommit" | "promptTag">;

/** Prompts of LangSmith's prompt repository through the official client, which cannot move a tag: that is a route by hand. */
export function langsmithPrompts(client: Client, paced: Paced): Prompts {
  // A manifest is read as data here and never made into objects, so whose it is does not matter.
  const pull = (identifier: string): Promise<{ commit_hash: string; manifest: JsonObject }> =>
    paced(() =>
      client.pullPromptCommit(identifier, { skipCache: true, dangerouslyPullPublicPrompt: true } as never),
    ) as never;

  const read = (name: string, tag: string): Promise<{ commit: string; content: JsonObject } | null> =>
    foundOrNull(async () => {
      const { commit_hash: commit, manifest } = await pull(`${name}:${tag}`);
      return { commit, content: manifest };
    });

  return {
    promptRead: ({ name, tag = "latest" }) => langsmithCall(() => read(name, tag)),

    promptCommit: ({ name, content, description }) =>
      langsmithCall(async () => {
        const newest = await read(name, "latest");
        if (newest && canonicalJson(newest.content) === canonicalJson(content)) return { commit: newest.commit };
        if (!newest && !(await paced(() => client.promptExists(name))))
          await paced(() => client.createPrompt(name, { description }));
        try {
          await paced(() => client.createCommit(name, content, { description }));
        } catch (error) {
          // The newest commit says the same already, in LangSmith's own spelling.
          if (!isStatus(error, 409)) throw error;
        }
        const committed = await read(name, "latest");
        if (committed) return { commit: committed.commit };
        throw new LoopsmithError("unavailable", `The prompt "${name}" shows no commit after one was made.`, {
          hint: "Promote again; it is safe to repeat.",
        });
      }),

    promptTag: ({ name, commit, tag }) =>
      langsmithCall(async () => {
        const id = await paced(() => commitId(client, name, commit));
        const path = `/repos/${name.includes("/") ? name : `-/${name}`}/tags`;
        try {
          await paced(() => send(client, "POST", path, { tag_name: tag, commit_id: id }));
        } catch (error) {
          if (!isStatus(error, 409, 400)) throw error;
          await paced(() => send(client, "PATCH", `${path}/${encodeURIComponent(tag)}`, { commit_id: id }));
        }
      }),
  };
}

async function commitId(client: Client, name: string, hash: string): Promise<string> {
  const identifier = name.includes("/") ? name : `-/${name}`;
  const commits = client.listCommits(identifier) as unknown as AsyncIterable<{ id: string; commit_hash: string }>;
  for await (const commit of commits) if (commit.commit_hash === hash) return commit.id;
  throw new LoopsmithError("not_found", `The prompt "${name}" has no commit ${hash}.`, {
    hint: "Tag a commit that `promptCommit` returned.",
  });
}

/** A route the client has no method for, under the client's own address, key and transport. */
async function send(client: Client, method: string, path: string, body: JsonObject): Promise<void> {
  const { apiUrl, _mergedHeaders: headers, _fetch: transport } = client as unknown as ClientInternals;
  const response = await transport(`${apiUrl}${path}`, {
    method,
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.ok) return;
  const said = (await response.text()).slice(0, 300);
  throw Object.assign(new Error(`${method} ${path}: ${response.status} ${said}`), { status: response.status });
}

interface ClientInternals {
  apiUrl: string;
  _mergedHeaders: Record<string, string>;
  _fetch: typeof fetch;
}
