import { newId } from "../../src/model/id.ts";

/** One body for `POST /runs/batch`: traces of a root and a retrieval below it, both ended, as the clients send them. */
export function askBatch(project: string, traces: number): { body: string; traceIds: string[] } {
  const now = Date.now();
  const post: object[] = [];
  const traceIds: string[] = [];
  for (let index = 0; index < traces; index += 1) {
    const [id, childId] = [newId(), newId()];
    traceIds.push(id);
    const start = new Date(now + index / 1000);
    const end = new Date(now + 40 + index / 1000).toISOString();
    const stamp = `${start.toISOString().replaceAll(/[-:.Z]/g, "")}000Z`;
    const common = { trace_id: id, session_name: project, start_time: start.toISOString(), end_time: end };
    const extra = { metadata: { ls_provider: "openai", tier: index % 3 === 0 ? "gold" : "free" } };
    post.push(
      {
        ...common,
        id,
        name: "ask",
        run_type: "chain",
        dotted_order: `${stamp}${id}`,
        inputs: { question: "What does the settle window do?" },
        outputs: { answer: "It waits for late spans." },
        extra,
      },
      {
        ...common,
        id: childId,
        parent_run_id: id,
        name: "retrieval",
        run_type: "retriever",
        dotted_order: `${stamp}${id}.${stamp}${childId}`,
        inputs: { query: "settle window" },
        outputs: { documents: [{ page_content: "A trace is settled when it is quiet.", metadata: { score: 0.8 } }] },
        extra,
      },
    );
  }
  return { body: JSON.stringify({ post }), traceIds };
}
