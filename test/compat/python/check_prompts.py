"""Prompts, pushed and pulled as LangChain objects."""

from langchain_core.prompts import ChatPromptTemplate
from langsmith import Client
from langsmith.schemas import FileEntry
from langsmith.utils import LangSmithConflictError, LangSmithNotFoundError
from registry import check, equal, raises, unique


def prompt(text: str) -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("system", text), ("human", "{question}")])


def handle(name: str) -> str:
    return unique(name).replace(" ", "-")


@check("prompts", "are pushed, committed, tagged and pulled as what they were")
def push_and_pull(client: Client) -> None:
    name = handle("answer")
    url = client.push_prompt(name, object=prompt("one"), tags=["qa"], description="d", commit_tags="production")
    assert name in url
    client.push_prompt(name, object=prompt("two"))
    equal(client.pull_prompt(name).invoke({"question": "?"}), prompt("two").invoke({"question": "?"}))
    old = client.pull_prompt(f"{name}:production")
    equal(old.invoke({"question": "?"}), prompt("one").invoke({"question": "?"}))
    commits = list(client.list_prompt_commits(name))
    equal(len(commits), 2)
    equal(commits[0].parent_commit_hash, commits[1].commit_hash)
    stale = lambda: client.create_commit(name, prompt("three"), parent_commit_hash=commits[1].commit_hash)  # noqa: E731
    raises(LangSmithConflictError, "meanwhile", stale)
    raises(LangSmithConflictError, "has not changed", lambda: client.create_commit(name, prompt("two")))
    raises(Exception, "Manifest must have an id field", lambda: client.create_commit(name, {"hi": "hello"}))


@check("prompts", "are found, published, archived, liked and deleted")
def lifecycle(client: Client) -> None:
    name = handle("lifecycle")
    client.create_prompt(name, readme="r")
    client.update_prompt(name, is_public=True, is_archived=False, tags=["a"])
    listed = client.list_prompts(query=name, is_public=True)
    equal((listed.total, listed.repos[0].repo_handle, listed.repos[0].tags), (1, name, ["a"]))
    equal((client.like_prompt(name), client.unlike_prompt(name)), ({"likes": 1}, {"likes": 0}))
    client.update_prompt(name, is_archived=True)
    equal(client.list_prompts(query=name).total, 0)
    client.delete_prompt(name)
    equal(client.get_prompt(name), None)
    raises(LangSmithNotFoundError, "not found", lambda: client.pull_prompt_commit(name))


@check("prompts", "have agents and skills beside them, as directories")
def directories(client: Client) -> None:
    name = f"-/{handle('agent')}"
    client.push_agent(name, files={"AGENTS.md": FileEntry(content="# one"), "old.md": FileEntry(content="x")})
    client.push_agent(name, files={"AGENTS.md": FileEntry(content="# two"), "old.md": None})
    files = client.pull_agent(name).files
    equal({path: entry.content for path, entry in files.items()}, {"AGENTS.md": "# two"})
    client.delete_agent(name)
    equal(client.agent_exists(name), False)
