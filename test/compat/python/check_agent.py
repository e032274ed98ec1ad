"""An agent built with LangGraph, traced as its users trace it: by the environment alone."""

from typing import Annotated, TypedDict

from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_core.tracers.langchain import LangChainTracer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langsmith import Client
from registry import check, equal, unique


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


@tool
def search(query: str) -> str:
    """Looks something up."""
    return f"about {query}"


def agent():
    """Asks the model, calls the tool it asks for, and asks again."""
    call = {"name": "search", "args": {"query": "sky"}, "id": "call-1"}
    usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    model = FakeMessagesListChatModel(
        responses=[AIMessage("", tool_calls=[call], usage_metadata=usage), AIMessage("blue", usage_metadata=usage)]
    )

    def think(state: State) -> dict:
        return {"messages": [model.invoke(state["messages"])]}

    def act(state: State) -> dict:
        (wanted,) = state["messages"][-1].tool_calls
        return {"messages": [ToolMessage(search.invoke(wanted["args"]), tool_call_id=wanted["id"])]}

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("act", act)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", lambda state: "act" if state["messages"][-1].tool_calls else END)
    graph.add_edge("act", "think")
    return graph.compile(name="agent")


@check("agents", "a LangGraph agent arrives as one tree with its model and tool calls")
def langgraph(client: Client) -> None:
    project = unique("agent")
    tracer = LangChainTracer(project_name=project, client=client)
    config = {"callbacks": [tracer], "metadata": {"thread_id": "conversation"}}
    answer = agent().invoke({"messages": [HumanMessage("why is the sky blue?")]}, config)
    equal(answer["messages"][-1].content, "blue")
    client.flush()
    (root,) = client.list_runs(project_name=project, is_root=True)
    equal((root.name, root.status), ("agent", "success"))
    tree = client.read_run(root.id, load_child_runs=True)
    steps = [step for step in tree.child_runs if step.name in ("think", "act")]
    equal([step.name for step in steps], ["think", "act", "think"])
    models = [run for run in client.list_runs(trace_id=root.id, run_type="llm")]
    equal(sorted((run.total_tokens, run.parent_run_id == root.id) for run in models), [(10, False), (10, False)])
    (called,) = client.list_runs(trace_id=root.id, run_type="tool")
    equal(called.name, "search")
    equal(called.parent_run_id, steps[1].id)
    (thread,) = client.list_threads(project_name=project)
    equal((thread["thread_id"], thread["count"]), ("conversation", 1))
