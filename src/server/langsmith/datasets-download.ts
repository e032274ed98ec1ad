import type { Context, Hono } from "hono";
import { z } from "zod";
import { LoopsmithError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { Example } from "../../model/dataset.ts";
import { csvLine } from "../../wire/csv.ts";
import { chatMessages } from "../../wire/langsmith/chat-messages.ts";
import { SPLIT_KEY } from "../../wire/langsmith/example.ts";
import { readQuery } from "../read-json.ts";
import type { ServerContext } from "../server-context.ts";
import { asOfTime, needDataset } from "./datasets-lookup.ts";

const Query = z.object({ as_of: z.string().optional() });
/** Examples read at a time. */
const PAGE = 500;

/** Whole datasets as files. */
export function datasetDownloadRoutes(app: Hono, context: ServerContext): void {
  app.get("/datasets/:id/openai_ft", (c) => lines(c, context, "application/jsonl", trainingLine));
  app.get("/datasets/:id/openai", (c) => lines(c, context, "application/jsonl", evalLine));
  app.get("/datasets/:id/jsonl", (c) =>
    lines(c, context, "application/jsonl", ({ inputs, outputs, metadata, splits }) =>
      JSON.stringify({ inputs, outputs, metadata: { ...metadata, [SPLIT_KEY]: splits } }),
    ),
  );

  app.get("/datasets/:id/csv", async (c) => {
    const examples: Example[] = [];
    for await (const page of pages(context, await sourceOf(c, context))) examples.push(...page);
    const inputs = namesOf(examples, (example) => example.inputs);
    const outputs = namesOf(examples, (example) => example.outputs ?? {});
    const text = [
      csvLine(["id", ...inputs.map((name) => `inputs.${name}`), ...outputs.map((name) => `outputs.${name}`)]),
      ...examples.map((example) =>
        csvLine([
          example.id,
          ...inputs.map((name) => cell(example.inputs[name])),
          ...outputs.map((name) => cell(example.outputs?.[name])),
        ]),
      ),
    ].join("\r\n");
    return new Response(`${text}\r\n`, { headers: { "content-type": "text/csv; charset=utf-8" } });
  });
}

interface Source {
  datasetId: string;
  asOf: number;
}

async function sourceOf(c: Context, context: ServerContext): Promise<Source> {
  const { as_of: text } = readQuery(c, Query);
  const dataset = await needDataset(context, c.req.param("id") ?? "");
  // A download is of one version, also when somebody writes meanwhile.
  const asOf = (await asOfTime(context, dataset.id, text)) ?? dataset.modifiedAt;
  return { datasetId: dataset.id, asOf };
}

async function* pages({ store }: ServerContext, source: Source): AsyncGenerator<Example[]> {
  for (let offset = 0; ; offset += PAGE) {
    const page = await store.exampleList({ ...source, order: "oldest", limit: PAGE, offset });
    if (page.length === 0) return;
    yield page;
  }
}

async function lines(
  c: Context,
  context: ServerContext,
  type: string,
  write: (example: Example) => string,
): Promise<Response> {
  const texts: string[] = [];
  for await (const page of pages(context, await sourceOf(c, context))) texts.push(...page.map(write));
  return new Response(texts.length === 0 ? "" : `${texts.join("\n")}\n`, { headers: { "content-type": type } });
}

/** A line of OpenAI's fine-tuning format. */
function trainingLine(example: Example): string {
  const asked = chatMessages(example.inputs, "user") ?? notChat(example, "inputs");
  const answered = chatMessages(example.outputs ?? {}, "assistant") ?? notChat(example, "outputs");
  return JSON.stringify({ messages: [...asked, ...answered] });
}

/** A line of OpenAI's evals format. */
function evalLine(example: Example): string {
  const input = chatMessages(example.inputs, "user") ?? notChat(example, "inputs");
  const ideal = chatMessages(example.outputs ?? {}, "assistant") ?? notChat(example, "outputs");
  return JSON.stringify({ input, ideal: ideal.at(-1)?.content ?? "" });
}

function notChat({ id }: Example, where: string): never {
  throw new LoopsmithError("invalid", `the ${where} of example ${id} hold no messages and no single text`, {
    hint: "Only examples of chats or of text in and out can be written for OpenAI; take the JSONL instead.",
  });
}

function namesOf(examples: readonly Example[], of: (example: Example) => object): string[] {
  return [...new Set(examples.flatMap((example) => Object.keys(of(example))))];
}

function cell(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
