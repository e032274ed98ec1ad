"""evaluate(), aevaluate() and comparisons on 100 examples, 10 at a time."""

from typing import Any

from langsmith import Client, traceable
from langsmith.evaluation import aevaluate, evaluate
from registry import check, collect, equal, unique

EXAMPLES = 100


def squares(client: Client) -> Any:
    """A dataset of the numbers below 100, whose right answers are their squares."""
    dataset = client.create_dataset(unique("squares"))
    client.create_examples(
        dataset_id=dataset.id,
        examples=[{"inputs": {"n": n}, "outputs": {"square": n * n}} for n in range(EXAMPLES)],
    )
    return dataset


@traceable(run_type="tool")
def multiply(n: int) -> int:
    return n * n


def squarer(wrong_on: int):
    """A target that is wrong on every n divisible by `wrong_on`."""

    def target(inputs: dict) -> dict:
        return {"square": multiply(inputs["n"]) + (1 if inputs["n"] % wrong_on == 0 else 0)}

    return target


def right(outputs: dict, reference_outputs: dict) -> bool:
    return outputs["square"] == reference_outputs["square"]


def parity(inputs: dict) -> dict:
    return {"key": "parity", "value": "even" if inputs["n"] % 2 == 0 else "odd"}


def accuracy(outputs: list[dict], reference_outputs: list[dict]) -> dict:
    hits = [got["square"] == wanted["square"] for got, wanted in zip(outputs, reference_outputs)]
    return {"key": "accuracy", "score": sum(hits) / len(hits)}


def options(dataset: Any, prefix: str) -> dict:
    return {
        "data": dataset.name,
        "evaluators": [right, parity],
        "summary_evaluators": [accuracy],
        "experiment_prefix": prefix,
        "max_concurrency": 10,
    }


def assert_statistics(client: Client, experiment: str, share: float) -> Any:
    client.flush()
    project = client.read_project(project_name=experiment, include_stats=True)
    equal(project.run_count, EXAMPLES)
    stats = project.feedback_stats
    equal((stats["right"]["n"], round(stats["right"]["avg"], 9)), (EXAMPLES, share))
    equal((stats["parity"]["n"], stats["parity"]["values"]), (EXAMPLES, {"even": 50, "odd": 50}))
    summary = project.session_feedback_stats["accuracy"]
    equal((summary["n"], round(summary["avg"], 9)), (1, share))
    return project


@check("experiments", "evaluate() runs 100 examples 10 at a time and the statistics are right")
def evaluate_sync(client: Client) -> None:
    dataset = squares(client)
    results = evaluate(squarer(4), client=client, **options(dataset, "sync"))
    equal(len(results), EXAMPLES)
    project = assert_statistics(client, results.experiment_name, 0.75)
    equal(project.reference_dataset_id, dataset.id)
    equal(project.error_rate, 0)
    answer = client.get_experiment_results(name=results.experiment_name)
    equal(answer["run_stats"]["run_count"], EXAMPLES)
    rows = list(answer["examples_with_runs"])
    equal(len(rows), EXAMPLES)
    for row in rows:
        (run,) = row.runs
        equal(run.feedback_stats["right"]["avg"], 0 if row.inputs["n"] % 4 == 0 else 1)
    low = {str(project.id): ['and(eq(feedback_key, "right"), lt(feedback_score, 0.5))']}
    wrong = client.get_experiment_results(name=results.experiment_name, filters=low)["examples_with_runs"]
    equal(sorted(row.inputs["n"] for row in wrong), list(range(0, EXAMPLES, 4)))


@check("experiments", "aevaluate() does the same, and v2 reads examples with their runs")
async def evaluate_async(client: Client) -> None:
    dataset = squares(client)
    target = squarer(10)

    async def atarget(inputs: dict) -> dict:
        return target(inputs)

    results = await aevaluate(atarget, client=client, **options(dataset, "async"))
    equal(len(results), EXAMPLES)
    project = assert_statistics(client, results.experiment_name, 0.9)
    page = client.datasets.experiment_runs.query(
        str(dataset.id), experiment_ids=[str(project.id)], selects=["OUTPUTS"], page_size=30
    )
    items = await collect(page)
    equal(len({item.id for item in items}), EXAMPLES)


@check("experiments", "compares two experiments example by example")
def comparative(client: Client) -> None:
    dataset = squares(client)
    one = evaluate(squarer(10), client=client, **options(dataset, "better"))
    two = evaluate(squarer(2), client=client, **options(dataset, "worse"))
    client.flush()

    def preferred(runs: list, example: Any) -> dict:
        scores = {run.id: int(run.outputs["square"] == example.outputs["square"]) for run in runs}
        return {"key": "preferred", "scores": scores}

    evaluate((one.experiment_name, two.experiment_name), evaluators=[preferred], client=client)
    client.flush()
    (comparison,) = client.session.get(f"{client.api_url}/datasets/{dataset.id}/comparative").json()
    ids = [client.read_project(project_name=results.experiment_name).id for results in (one, two)]
    given = [comparison["feedback_stats"]["preferred"][str(id)] for id in ids]
    equal([(stats["n"], stats["avg"]) for stats in given], [(EXAMPLES, 0.9), (EXAMPLES, 0.5)])
    # The experiment's own statistics are what its own evaluators gave.
    assert_statistics(client, one.experiment_name, 0.9)


@check("experiments", "repeats examples and evaluates an experiment again")
def repetitions(client: Client) -> None:
    dataset = squares(client)
    results = evaluate(
        squarer(4), data=dataset.name, client=client, num_repetitions=2, max_concurrency=10, evaluators=[right]
    )
    client.flush()
    equal(client.read_project(project_name=results.experiment_name, include_stats=True).run_count, 2 * EXAMPLES)
    evaluate(results.experiment_name, evaluators=[parity], client=client, max_concurrency=10)
    client.flush()
    stats = client.read_project(project_name=results.experiment_name, include_stats=True).feedback_stats
    equal((stats["right"]["n"], stats["parity"]["n"]), (2 * EXAMPLES, 2 * EXAMPLES))
