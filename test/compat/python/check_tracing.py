"""Tracing in, runs out, by both API generations."""

import datetime
import uuid
from decimal import Decimal

from langsmith import Client, traceable, uuid7
from langsmith.schemas import Attachment
from langsmith.utils import LangSmithNotFoundError
from registry import check, collect, equal, raises, unique

SELECTS = ["ID", "NAME", "PARENT_RUN_IDS", "STATUS", "RUN_TYPE", "INPUTS", "OUTPUTS", "ERROR", "TRACE_ID"]


def trace_rag(client: Client, project: str, question: str) -> None:
    @traceable(run_type="retriever", client=client)
    def retrieve(query: str) -> list[dict]:
        if query == "broken":
            raise ValueError("index is gone")
        return [{"page_content": "ž 🚀", "score": 0.4}]

    @traceable(run_type="llm", client=client, metadata={"ls_provider": "openai", "ls_model_name": "gpt-4.1-mini"})
    def generate(prompt: str) -> dict:
        return {
            "answer": prompt[::-1],
            "usage_metadata": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, "input_cost": 1e-6},
        }

    @traceable(client=client, tags=["production"], metadata={"tier": "free"})
    def rag(question: str) -> dict:
        documents = retrieve(question)
        return {"answer": generate(f"{question} {documents}")["answer"]}

    try:
        rag(question, langsmith_extra={"project_name": project})
    except ValueError:
        pass
    client.flush()


@check("tracing", "traces nested functions as one tree that reads back the same")
def nested(client: Client) -> None:
    project = unique("nested")
    trace_rag(client, project, "why?")
    runs = {run.name: run for run in client.list_runs(project_name=project)}
    equal(sorted(runs), ["generate", "rag", "retrieve"])
    root = runs["rag"]
    equal(root.inputs, {"question": "why?"})
    equal(root.tags, ["production"])
    equal(root.extra["metadata"]["tier"], "free")
    equal(runs["retrieve"].outputs, {"output": [{"page_content": "ž 🚀", "score": 0.4}]})
    for name in ("retrieve", "generate"):
        equal(runs[name].parent_run_id, root.id)
        equal(runs[name].trace_id, root.id)
        assert runs[name].dotted_order.startswith(root.dotted_order + ".")
    generated = runs["generate"]
    equal((generated.prompt_tokens, generated.completion_tokens, generated.total_tokens), (10, 5, 15))
    equal(generated.prompt_cost, Decimal("1e-6"))
    loaded = client.read_run(root.id, load_child_runs=True)
    equal([child.name for child in loaded.child_runs], ["retrieve", "generate"])


@check("tracing", "keeps errors, generators and attachments")
def errors_and_attachments(client: Client) -> None:
    project = unique("errors")
    trace_rag(client, project, "broken")

    @traceable(client=client)
    def stream(count: int):
        yield from range(count)

    @traceable(client=client)
    def look(picture: Attachment) -> str:
        return picture.mime_type

    list(stream(3, langsmith_extra={"project_name": project}))
    look(Attachment(mime_type="image/png", data=b"\x89PNG"), langsmith_extra={"project_name": project})
    client.flush()
    runs = {run.name: run for run in client.list_runs(project_name=project)}
    assert "index is gone" in runs["rag"].error and "index is gone" in runs["retrieve"].error
    equal(runs["rag"].status, "error")
    equal(runs["stream"].outputs, {"output": [0, 1, 2]})
    equal(runs["look"].attachments["picture"]["reader"].read(), b"\x89PNG")
    failed = list(client.list_runs(project_name=project, error=True, is_root=True))
    equal([run.name for run in failed], ["rag"])


@check("tracing", "keeps the attachment of a run that is sent without a place in a trace")
def lone_attachment(client: Client) -> None:
    run_id = uuid7()
    files = {"file": ("text/plain", b"hi \xff")}
    client.create_run("alone", {}, "tool", id=run_id, project_name=unique("alone"), attachments=files)
    equal(client.read_run(run_id).attachments["file"]["reader"].read(), b"hi \xff")


@check("tracing", "merges an update that arrives before its run")
def update_first(client: Client) -> None:
    project = unique("update first")
    run_id = uuid7()
    start = datetime.datetime.now(datetime.timezone.utc)
    order = {"trace_id": run_id, "dotted_order": f"{start.strftime('%Y%m%dT%H%M%S%fZ')}{run_id}"}
    client.update_run(run_id, outputs={"answer": 1}, end_time=start + datetime.timedelta(seconds=1), **order)
    client.flush()
    client.create_run(
        "late", {"q": "\ud83d lone surrogate"}, "chain", id=run_id, project_name=project, start_time=start, **order
    )
    client.flush()
    run = client.read_run(run_id)
    equal((run.name, run.outputs, run.status), ("late", {"answer": 1}, "success"))


@check("querying", "filters, selects and pages by the first API generation")
def query_v1(client: Client) -> None:
    project = unique("query")
    for index in range(5):
        trace_rag(client, project, f"question {index}")
    slow = list(client.list_runs(project_name=project, filter='and(eq(name, "generate"), gt(total_tokens, 14))'))
    equal(len(slow), 5)
    children = client.list_runs(
        project_name=project, filter='eq(run_type, "retriever")', trace_filter='has(tags, "production")'
    )
    equal(len(list(children)), 5)
    having = client.list_runs(project_name=project, is_root=True, tree_filter='eq(run_type, "llm")')
    equal(len(list(having)), 5)
    equal(len(list(client.list_runs(project_name=project, limit=3))), 3)
    pair = 'and(eq(metadata_key, "tier"), eq(metadata_value, "free"))'
    equal(len(list(client.list_runs(project_name=project, filter=pair, is_root=True))), 5)
    stats = client.get_run_stats(project_names=[project], is_root=True)
    equal((stats["run_count"], stats["error_rate"]), (5, 0))
    raises(Exception, "position", lambda: list(client.list_runs(project_name=project, filter="eq(name")))
    raises(LangSmithNotFoundError, "not found", lambda: client.read_run(uuid.uuid4()))


@check("querying", "queries runs and traces by the second API generation")
async def query_v2(client: Client) -> None:
    project = unique("query v2")
    for index in range(3):
        trace_rag(client, project, f"question {index}")
    project_id = str(client.read_project(project_name=project).id)
    runs = await collect(client.runs.query(project_ids=[project_id], selects=SELECTS, page_size=2))
    equal(len(runs), 9)
    roots = await collect(client.runs.query(project_ids=[project_id], is_root=True, selects=SELECTS))
    equal(sorted(root.inputs["question"] for root in roots), ["question 0", "question 1", "question 2"])
    tree = await client.traces.list_runs(roots[0].id, project_id=project_id, selects=SELECTS)
    names = sorted(run.name for run in tree.items)
    equal(names, ["generate", "rag", "retrieve"])
    traces = await collect(client.traces.query(project_id=project_id, selects=["ID", "NAME"]))
    equal([trace.root_run.name for trace in traces], ["rag"] * 3)


@check("projects", "creates, lists, changes and deletes projects, and tells duplicates")
def projects(client: Client) -> None:
    name = unique("project")
    created = client.create_project(name, metadata={"key": name})
    raises(Exception, "409", lambda: client.create_project(name))
    equal([project.id for project in client.list_projects(metadata={"key": name})], [created.id])
    client.update_project(created.id, description="changed")
    equal(client.read_project(project_id=created.id).description, "changed")
    client.delete_project(project_name=name)
    equal(client.has_project(name), False)


@check("sharing", "shares a run by a link that needs no key, and takes it back")
def share(client: Client) -> None:
    project = unique("share")
    trace_rag(client, project, "shared")
    root = next(client.list_runs(project_name=project, is_root=True))
    link = client.share_run(root.id)
    equal(client.read_run_shared_link(root.id), link)
    token = link.rstrip("/").split("/")[-2]
    shared = client.session.get(f"{client.api_url}/public/{token}/run").json()
    equal(shared["inputs"], {"question": "shared"})
    client.unshare_run(root.id)
    equal(client.read_run_shared_link(root.id), None)
