import { setTimeout as pause } from "node:timers/promises";
import { context, SpanStatusCode, trace, type Context, type Tracer } from "@opentelemetry/api";
import type { ChatMessage, Convention, ToolCall } from "./agent-step.ts";

/** The thread of the agent's one conversation. */
const THREAD = "conversation";
const QUESTION: ChatMessage = { role: "user", content: "why is the sky blue?" };
const call = (id: string, query: string): ToolCall => ({ id, name: "search", args: { query } });
/** The SDK's spans start on whole milliseconds; steps that share one have no order. */
const STEP_MS = 2;
/** What the model says, turn by turn. */
const ANSWERS: readonly ChatMessage[] = [
  { role: "assistant", content: "", calls: [call("call-1", "sky")] },
  { role: "assistant", content: "", calls: [call("call-2", "grass")] },
  { role: "assistant", content: "blue" },
];

/** The agent of `python/agent.py`, step by step, told to OpenTelemetry in the words of a convention. */
export async function traceAgent(tracer: Tracer, convention: Convention): Promise<void> {
  const messages: ChatMessage[] = [QUESTION];
  const agent = tracer.startSpan("agent", {}, context.active());
  const inAgent = trace.setSpan(context.active(), agent);
  for (let turn = 0, next = "think"; next !== "__end__";) {
    await pause(STEP_MS);
    if (next === "think") {
      const answer = ANSWERS[turn++] ?? QUESTION;
      next = await think(tracer, convention, inAgent, { messages, answer });
    } else {
      await act(tracer, convention, inAgent, messages);
      next = "think";
    }
  }
  agent.setAttributes(convention.chain({ name: "agent", inputs: [QUESTION], outputs: messages, thread: THREAD }));
  agent.end();
}

/** Asks the model, and decides where to go from what it says. */
async function think(
  tracer: Tracer,
  convention: Convention,
  parent: Context,
  { messages, answer }: { messages: ChatMessage[]; answer: ChatMessage },
): Promise<string> {
  const inputs = [...messages];
  const span = tracer.startSpan("think", {}, parent);
  const inThink = trace.setSpan(parent, span);
  await pause(STEP_MS);
  const usage = { input: 7, output: 3 };
  const model = convention.model({ model: "scripted-1", provider: "scripted", inputs, output: answer, usage });
  tracer.startSpan("chat scripted-1", { attributes: model }, inThink).end();
  messages.push(answer);
  await pause(STEP_MS);
  const next = answer.calls ? "act" : "__end__";
  const route = convention.chain({ name: "route", inputs: [...messages], outputs: next });
  tracer.startSpan("route", { attributes: route }, inThink).end();
  span.setAttributes(convention.chain({ name: "think", inputs, outputs: [answer] }));
  span.end();
  return next;
}

/** Calls the tool the model asked for; what fails is told to the model instead of ending the agent. */
async function act(tracer: Tracer, convention: Convention, parent: Context, messages: ChatMessage[]): Promise<void> {
  const inputs = [...messages];
  const [wanted] = inputs.at(-1)?.calls ?? [];
  if (!wanted) return;
  const span = tracer.startSpan("act", {}, parent);
  await pause(STEP_MS);
  const tool = tracer.startSpan("search", {}, trace.setSpan(parent, span));
  let result: string | null = null;
  try {
    result = search(wanted.args["query"] ?? "");
  } catch (error) {
    tool.recordException(error as Error);
    tool.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
  }
  tool.setAttributes(convention.tool({ name: "search", args: wanted.args, result }));
  tool.end();
  const answer: ChatMessage = { role: "tool", content: result ?? "no index", callId: wanted.id };
  messages.push(answer);
  span.setAttributes(convention.chain({ name: "act", inputs, outputs: [answer] }));
  span.end();
}

function search(query: string): string {
  if (query === "grass") throw new RangeError("no index");
  return `about ${query}`;
}
