"""Feedback in every form, and annotation queues."""

from langsmith import Client
from check_tracing import trace_rag
from registry import check, equal, raises, unique


def traced(client: Client, name: str) -> dict:
    project = unique(name)
    trace_rag(client, project, "why?")
    return {run.name: run for run in client.list_runs(project_name=project)}


@check("feedback", "stands on roots and children, with value, comment and correction, and counts in statistics")
def feedback(client: Client) -> None:
    runs = traced(client, "feedback")
    root, child = runs["rag"], runs["retrieve"]
    first = client.create_feedback(root.id, "faithful", score=0.25, comment="no source", trace_id=root.id)
    client.create_feedback(child.id, "relevant", score=True, correction={"documents": []}, trace_id=root.id)
    client.create_feedback(root.id, "tone", value="friendly", trace_id=root.id, session_id=root.session_id)
    client.flush()
    listed = {item.key: item for item in client.list_feedback(run_ids=[root.id, child.id])}
    equal((listed["faithful"].score, listed["faithful"].comment), (0.25, "no source"))
    equal((listed["relevant"].score, listed["relevant"].correction), (1, {"documents": []}))
    equal(listed["tone"].value, "friendly")
    stats = client.read_run(root.id).feedback_stats
    equal((stats["faithful"]["n"], stats["faithful"]["avg"]), (1, 0.25))
    low = 'and(eq(feedback_key, "faithful"), lt(feedback_score, 0.5))'
    equal([run.id for run in client.list_runs(project_id=root.session_id, filter=low)], [root.id])
    client.update_feedback(first.id, score=0.75)
    equal(client.read_feedback(first.id).score, 0.75)
    client.delete_feedback(first.id)
    equal(sorted(item.key for item in client.list_feedback(run_ids=[root.id])), ["tone"])


@check("feedback", "comes by a presigned URL without a key")
def presigned(client: Client) -> None:
    root = traced(client, "presigned")["rag"]
    token = client.create_presigned_feedback_token(root.id, "thumbs")
    client.create_feedback_from_token(token.url, score=1, comment="from a browser")
    client.flush()
    (item,) = client.list_feedback(run_ids=[root.id])
    equal((item.key, item.score, item.comment), ("thumbs", 1, "from a browser"))


@check("feedback", "keeps one config for a key")
def configs(client: Client) -> None:
    key = unique("config")
    config = {"type": "continuous", "min": 0, "max": 1}
    client.create_feedback_config(key, feedback_config=config)
    client.update_feedback_config(key, is_lower_score_better=True)
    equal(client.create_feedback_config(key, feedback_config=config).is_lower_score_better, True)
    other = {"type": "continuous", "min": 0, "max": 5}
    raises(Exception, "already exists", lambda: client.create_feedback_config(key, feedback_config=other))
    client.delete_feedback_config(key)
    equal(list(client.list_feedback_configs(feedback_key=[key])), [])


@check("annotation queues", "hold runs in order until they are taken out")
def queues(client: Client) -> None:
    runs = traced(client, "queue")
    queue = client.create_annotation_queue(name=unique("queue"), rubric_instructions="Is it true?")
    client.add_runs_to_annotation_queue(queue.id, run_ids=[runs["rag"].id, runs["retrieve"].id])
    equal(client.get_run_from_annotation_queue(queue.id, index=0).id, runs["rag"].id)
    client.delete_run_from_annotation_queue(queue.id, run_id=runs["rag"].id)
    equal(client.get_run_from_annotation_queue(queue.id, index=0).id, runs["retrieve"].id)
    client.update_annotation_queue(queue.id, name="renamed", description="d")
    equal(client.read_annotation_queue(queue.id).name, "renamed")
    client.delete_annotation_queue(queue.id)
    raises(Exception, "not found", lambda: client.read_annotation_queue(queue.id))
