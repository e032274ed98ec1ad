import type { Migration } from "./migration.ts";

export const datasets: Migration = {
  name: "0002-datasets",
  statements: ({ int, text, bytes }) => [
    `create table dataset (
      id ${text} primary key,
      name ${text} not null unique,
      description ${text},
      data_type ${text} not null,
      metadata_json ${text} not null,
      inputs_schema_json ${text},
      outputs_schema_json ${text},
      created_at ${int} not null,
      modified_at ${int} not null,
      share_token ${text}
    )`,
    `create table dataset_version (
      dataset_id ${text} not null,
      as_of ${int} not null,
      primary key (dataset_id, as_of)
    )`,
    `create table dataset_tag (
      dataset_id ${text} not null,
      tag ${text} not null,
      as_of ${int} not null,
      primary key (dataset_id, tag)
    )`,
    // One row for each state an example was in: it holds from valid_from until valid_to, or still.
    `create table example (
      id ${text} not null,
      valid_from ${int} not null,
      valid_to ${int},
      dataset_id ${text} not null,
      inputs_json ${text} not null,
      outputs_json ${text},
      metadata_json ${text} not null,
      splits_json ${text} not null,
      source_run_id ${text},
      created_at ${int} not null,
      position ${int} not null,
      attachments_json ${text} not null,
      primary key (id, valid_from)
    )`,
    `create index example_dataset on example (dataset_id, created_at, position)`,
    `create table example_attachment (
      content_id ${text} primary key,
      example_id ${text} not null,
      mime_type ${text} not null,
      bytes ${bytes} not null
    )`,
    `create index example_attachment_example on example_attachment (example_id)`,
  ],
};
