"""An agent built with LangGraph: asks a scripted model, calls the tool it asks for, and asks again."""

from typing import Annotated, TypedDict

from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_core.tracers.langchain import LangChainTracer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langsmith import Client

USAGE = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


class ScriptedModel(FakeMessagesListChatModel):
    """Says what it was given to say, and names itself as real models do."""

    def _get_ls_params(self, stop=None, **kwargs):
        return {"ls_provider": "scripted", "ls_model_name": "scripted-1", "ls_model_type": "chat"}


@tool
def search(query: str) -> str:
    """Looks something up."""
    if query == "grass":
        raise ValueError("no index")
    return f"about {query}"


def asks(id: str, query: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "search", "args": {"query": query}, "id": id}], usage_metadata=USAGE)


def build():
    model = ScriptedModel(
        responses=[asks("call-1", "sky"), asks("call-2", "grass"), AIMessage("blue", usage_metadata=USAGE)]
    )

    def think(state: State) -> dict:
        return {"messages": [model.invoke(state["messages"])]}

    def act(state: State) -> dict:
        (wanted,) = state["messages"][-1].tool_calls
        try:
            result = search.invoke(wanted["args"])
        except ValueError as error:
            result = str(error)
        return {"messages": [ToolMessage(result, tool_call_id=wanted["id"])]}

    def route(state: State) -> str:
        return "act" if state["messages"][-1].tool_calls else END

    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("act", act)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", route)
    graph.add_edge("act", "think")
    return graph.compile(name="agent")


def trace_agent(client: Client, project: str) -> str:
    """Runs the agent once, traced into the project; its answer."""
    tracer = LangChainTracer(project_name=project, client=client)
    config = {"callbacks": [tracer], "metadata": {"thread_id": "conversation"}}
    answer = build().invoke({"messages": [HumanMessage("why is the sky blue?")]}, config)
    client.flush()
    return answer["messages"][-1].content
