import type { Client, Run } from "langsmith";
import { collect } from "../server/official-client.ts";

/** A run without what differs from one execution to the next: ids, times, and how a client writes its messages. */
export interface RunTree {
  name: string;
  kind: string;
  status: string | undefined;
  /** The last words of the error. */
  error: string | null;
  model: unknown;
  provider: unknown;
  tokens: (number | undefined)[];
  inputs: unknown;
  outputs: unknown;
  children: RunTree[];
}

/** The tree of the only trace in a project, with its thread. */
export async function readTree(client: Client, projectName: string): Promise<{ thread: unknown; root: RunTree }> {
  const roots = await collect(client.listRuns({ projectName, isRoot: true }));
  if (roots.length !== 1) throw new Error(`${projectName} has ${roots.length} traces`);
  const run = await client.readRun(roots[0]?.id ?? "", { loadChildRuns: true });
  return { thread: (run as Run & { thread_id?: string }).thread_id, root: treeOf(run) };
}

function treeOf(run: Run): RunTree {
  const isModel = run.run_type === "llm";
  const metadata = (run.extra?.["metadata"] ?? {}) as Record<string, unknown>;
  return {
    // Model calls bear the name of a class, a model, or an operation.
    name: isModel ? "model" : run.name,
    kind: run.run_type,
    status: (run as Run & { status?: string }).status,
    error: run.error ? (/no index/.exec(run.error)?.[0] ?? run.error) : null,
    model: isModel ? metadata["ls_model_name"] : null,
    provider: isModel ? metadata["ls_provider"] : null,
    tokens: [run.prompt_tokens, run.completion_tokens, run.total_tokens],
    inputs: valueOf(run.inputs),
    // Clients write nothing or an empty object for what failed.
    outputs: run.outputs && Object.keys(run.outputs).length > 0 ? valueOf(run.outputs) : null,
    children: (run.child_runs ?? []).map(treeOf),
  };
}

/** The messages in a payload, or the payload where there are none. */
function valueOf(payload: Record<string, unknown>): unknown {
  const generation = (payload["generations"] as { message: object }[][] | undefined)?.[0]?.[0];
  const messages = generation ? [generation.message] : payload["messages"];
  if (!Array.isArray(messages)) return payload;
  return (messages as object[]).flat().map((message) => messageOf(message as Record<string, unknown>));
}

const ROLES: Readonly<Record<string, string>> = { human: "user", ai: "assistant", tool: "tool" };

interface ToolCall {
  name?: string;
  args?: object;
  function?: { name: string; arguments: string };
}

/** A message of OpenAI's chat API, or one of LangChain's, serialised or dumped. */
function messageOf(message: Record<string, unknown>): object {
  const fields = (message["lc"] === undefined ? message : message["kwargs"]) as Record<string, unknown>;
  const calls = ((fields["tool_calls"] ?? []) as ToolCall[]).map((call) => ({
    name: call.function?.name ?? call.name,
    args: call.function ? (JSON.parse(call.function.arguments) as object) : call.args,
  }));
  return {
    role: fields["role"] ?? ROLES[String(fields["type"])],
    content: fields["content"],
    calls,
    answers: fields["tool_call_id"] ?? null,
  };
}
