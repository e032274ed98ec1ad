"""Datasets, their examples and their versions."""

import io

from langsmith import Client, uuid7
from langsmith.schemas import AttachmentsOperations, ExampleUpsertWithAttachments
from langsmith.utils import LangSmithConflictError, LangSmithNotFoundError
from registry import check, equal, raises, unique


@check("datasets", "keeps every version readable by time and tag, and compares them")
def versions(client: Client) -> None:
    dataset = client.create_dataset(unique("versions"), metadata={"team": "a"})
    raises(LangSmithConflictError, "already exists", lambda: client.create_dataset(dataset.name))
    first = client.create_example(inputs={"q": 1}, outputs={"a": 1}, dataset_id=dataset.id)
    client.update_dataset_tag(dataset_id=dataset.id, as_of=first.modified_at, tag="v1")
    second = client.create_example(inputs={"q": 2}, outputs={"a": 2}, dataset_id=dataset.id)
    client.update_example(first.id, outputs={"a": "one"})
    equal([example.outputs for example in client.list_examples(dataset_id=dataset.id, as_of="v1")], [{"a": 1}])
    diff = client.diff_dataset_versions(dataset.id, from_version="v1", to_version="latest")
    equal((diff.examples_added, diff.examples_modified), ([second.id], [first.id]))
    equal(client.read_dataset_version(dataset_id=dataset.id, tag="v1").tags, ["v1"])
    equal(len(list(client.list_dataset_versions(dataset_id=dataset.id))), 4)
    client.delete_dataset(dataset_id=dataset.id)
    equal(client.has_dataset(dataset_name=dataset.name), False)


@check("datasets", "takes examples in bulk, filters, splits and deletes them")
def examples(client: Client) -> None:
    dataset = client.create_dataset(unique("examples"))
    created = client.create_examples(
        dataset_id=dataset.id,
        examples=[
            {"inputs": {"n": n}, "outputs": {"even": n % 2 == 0}, "split": "train" if n < 150 else "test",
             "metadata": {"mod": n % 3}}
            for n in range(250)
        ],
    )
    equal(created["count"], 250)
    count = lambda **query: len(list(client.list_examples(dataset_id=dataset.id, **query)))  # noqa: E731
    equal((count(), count(splits=["test"]), count(metadata={"mod": 0})), (250, 100, 84))
    equal(count(filter='and(exists(metadata, "mod"), not(has(metadata, \'{"mod": 1}\')))'), 167)
    equal((count(limit=7), count(offset=245)), (7, 5))
    equal(sorted(client.list_dataset_splits(dataset_id=dataset.id)), ["test", "train"])
    ids = [example.id for example in client.list_examples(dataset_id=dataset.id, splits=["test"])]
    client.update_dataset_splits(dataset_id=dataset.id, split_name="held out", example_ids=ids[:10])
    equal(count(splits=["held out"]), 10)
    client.delete_examples(ids[:5])
    client.delete_examples(ids[5:10], hard_delete=True)
    equal(count(), 240)


@check("datasets", "moves attachments with their examples")
def attachments(client: Client) -> None:
    dataset = client.create_dataset(unique("attachments"))
    example_id = uuid7()
    client.create_example(
        inputs={"q": 1},
        dataset_id=dataset.id,
        example_id=example_id,
        attachments={"a": ("text/plain", b"first"), "b": ("text/plain", b"second")},
    )
    operations = AttachmentsOperations(rename={"a": "renamed"}, retain=["b"])
    client.update_example(example_id, attachments_operations=operations)
    read = client.read_example(example_id).attachments
    equal({name: item["reader"].read() for name, item in read.items()}, {"renamed": b"first", "b": b"second"})
    client.update_example(example_id, attachments={"c": ("image/png", b"third")})
    equal(list(client.read_example(example_id).attachments), ["c"])
    upsert = ExampleUpsertWithAttachments(
        id=example_id, dataset_id=dataset.id, inputs={"q": 2}, attachments={"d": ("text/plain", b"fourth")}
    )
    equal(client.upsert_examples_multipart(upserts=[upsert])["count"], 1)
    equal(client.read_example(example_id).inputs, {"q": 2})


@check("datasets", "holds examples to the dataset's JSON schema")
def schema(client: Client) -> None:
    wanted = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    dataset = client.create_dataset(unique("schema"), inputs_schema=wanted)
    equal(client.read_dataset(dataset_id=dataset.id).inputs_schema, wanted)
    client.create_example(inputs={"q": "yes"}, dataset_id=dataset.id)
    raises(Exception, "inputs.q", lambda: client.create_example(inputs={"q": 1}, dataset_id=dataset.id))
    missing = lambda: client.upload_examples_multipart(dataset_id=uuid7(), uploads=[])  # noqa: E731
    raises(LangSmithNotFoundError, "not found", missing)


@check("datasets", "comes out of CSV and is shared by a token")
def csv_and_sharing(client: Client) -> None:
    file = io.BytesIO(b'question,answer\n"what, why?",because\nwho?,me\n')
    dataset = client.upload_csv(csv_file=(unique("csv"), file), input_keys=["question"], output_keys=["answer"])
    equal(sorted(example.inputs["question"] for example in client.list_examples(dataset_id=dataset.id)),
          ["what, why?", "who?"])
    token = client.share_dataset(dataset.id)["share_token"]
    equal(len(list(client.list_shared_examples(token))), 2)
    equal(client.read_shared_dataset(token).id, dataset.id)
    client.unshare_dataset(dataset.id)
    raises(Exception, "nothing is shared", lambda: list(client.list_shared_examples(token)))
