import type { Migration } from "./migration.ts";

/** What reviewers and public links need: feedback configs, presigned feedback tokens, shared threads, evaluator definitions. */
export const review: Migration = {
  name: "0006-review",
  statements: ({ int, text }) => [
    `create table feedback_config (
      id ${text} primary key,
      key ${text} not null unique,
      config_json ${text} not null,
      lower_is_better ${int} not null,
      enforced ${int} not null,
      modified_at ${int} not null
    )`,
    `create table feedback_token (
      id ${text} primary key,
      run_id ${text} not null,
      key ${text} not null,
      config_json ${text},
      expires_at ${int} not null,
      created_at ${int} not null
    )`,
    `create index feedback_token_run on feedback_token (run_id, created_at)`,
    `create table thread_share (
      project_id ${text} not null,
      thread_id ${text} not null,
      token ${text} not null unique,
      primary key (project_id, thread_id)
    )`,
    `create table online_evaluator (
      id ${text} primary key,
      name ${text} not null,
      body_json ${text} not null,
      created_at ${int} not null,
      updated_at ${int} not null
    )`,
  ],
};
