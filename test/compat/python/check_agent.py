"""An agent built with LangGraph, traced as its users trace it."""

from langsmith import Client
from agent import trace_agent
from registry import check, equal, unique


@check("agents", "a LangGraph agent arrives as one tree with its model and tool calls")
def langgraph(client: Client) -> None:
    project = unique("agent")
    equal(trace_agent(client, project), "blue")
    (root,) = client.list_runs(project_name=project, is_root=True)
    equal((root.name, root.status), ("agent", "success"))
    tree = client.read_run(root.id, load_child_runs=True)
    steps = [step for step in tree.child_runs if step.name in ("think", "act")]
    equal([step.name for step in steps], ["think", "act", "think", "act", "think"])
    models = [run for run in client.list_runs(trace_id=root.id, run_type="llm")]
    equal([(run.total_tokens, run.parent_run_id == root.id) for run in models], [(10, False)] * 3)
    called = sorted(client.list_runs(trace_id=root.id, run_type="tool"), key=lambda run: run.start_time)
    equal([(run.name, run.status) for run in called], [("search", "success"), ("search", "error")])
    equal(called[0].parent_run_id, steps[1].id)
    (thread,) = client.list_threads(project_name=project)
    equal((thread["thread_id"], thread["count"]), ("conversation", 1))
