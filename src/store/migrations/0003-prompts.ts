import type { Migration } from "./migration.ts";

export const prompts: Migration = {
  name: "0003-prompts",
  statements: ({ int, text }) => [
    `alter table dataset add column share_projects ${int} not null default 0`,
    `alter table dataset add column baseline_project_id ${text}`,
    // What is in a dataset now, which is what most readers ask for; older states stay out of it.
    `create index example_live on example (dataset_id, created_at, position) where valid_to is null`,
    `create index feedback_comparative on feedback (comparative_experiment_id)
      where comparative_experiment_id is not null`,
    `create table comparative_experiment (
      id ${text} primary key,
      name ${text} not null,
      description ${text},
      dataset_id ${text} not null,
      project_ids_json ${text} not null,
      extra_json ${text} not null,
      created_at ${int} not null,
      modified_at ${int} not null
    )`,
    `create index comparative_experiment_dataset on comparative_experiment (dataset_id, created_at)`,
    `create table prompt (
      id ${text} primary key,
      name ${text} not null unique,
      kind ${text} not null,
      description ${text},
      readme ${text},
      tags_json ${text} not null,
      is_public ${int} not null,
      is_archived ${int} not null,
      is_liked ${int} not null,
      source ${text},
      last_commit_hash ${text},
      commit_count ${int} not null,
      created_at ${int} not null,
      updated_at ${int} not null
    )`,
    `create index prompt_updated on prompt (updated_at, id)`,
    `create table prompt_commit (
      id ${text} primary key,
      prompt_id ${text} not null,
      hash ${text} not null,
      position ${int} not null,
      parent_id ${text},
      parent_hash ${text},
      description ${text},
      manifest_json ${text} not null,
      created_at ${int} not null,
      unique (prompt_id, position),
      unique (prompt_id, hash)
    )`,
    `create table prompt_tag (
      prompt_id ${text} not null,
      tag ${text} not null,
      commit_id ${text} not null,
      created_at ${int} not null,
      updated_at ${int} not null,
      primary key (prompt_id, tag)
    )`,
  ],
};
