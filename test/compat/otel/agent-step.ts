import type { Attributes } from "@opentelemetry/api";

/** A chat message as the steps of the agent exchange it. */
export interface ChatMessage {
  role: "user" | "assistant" | "tool";
  content: string;
  /** What the model asks for. */
  calls?: readonly ToolCall[];
  /** The call a tool answers. */
  callId?: string;
}

export interface ToolCall {
  id: string;
  name: string;
  args: Record<string, string>;
}

export interface ModelUsage {
  input: number;
  output: number;
}

export interface ChainStep {
  name: string;
  inputs: readonly ChatMessage[];
  /** Messages, or the text a step came to. */
  outputs: readonly ChatMessage[] | string;
  /** Only on the root. */
  thread?: string;
}

export interface ModelStep {
  model: string;
  provider: string;
  inputs: readonly ChatMessage[];
  output: ChatMessage;
  usage: ModelUsage;
}

export interface ToolStep {
  name: string;
  args: Record<string, string>;
  /** `null` when it failed. */
  result: string | null;
}

/** How one family of instrumentations tells what a span did. */
export interface Convention {
  chain(step: ChainStep): Attributes;
  model(step: ModelStep): Attributes;
  tool(step: ToolStep): Attributes;
}
