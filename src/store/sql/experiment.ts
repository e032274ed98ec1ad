import { sql } from "kysely";
import type { ExperimentStore } from "../resource/experiment.ts";
import type { Database } from "./database.ts";
import { toExample } from "./example-row.ts";
import { compileFilter } from "./filter.ts";

export function experimentStore(db: Database): ExperimentStore {
  return {
    async projectUsage({ projectId }) {
      const row = await db.scan
        .selectFrom("span")
        .select(({ fn }) => [
          // PostgreSQL gives sums of integers as text.
          fn.sum<number | string | null>("prompt_tokens").as("prompt"),
          fn.sum<number | string | null>("completion_tokens").as("completion"),
          fn.sum<number | string | null>("total_tokens").as("total"),
          fn.sum<number | null>("cost").as("cost"),
        ])
        .where("project_id", "=", projectId)
        .executeTakeFirstOrThrow();
      return {
        promptTokens: Number(row.prompt ?? 0),
        completionTokens: Number(row.completion ?? 0),
        totalTokens: Number(row.total ?? 0),
        cost: row.cost,
      };
    },

    async experimentExampleList(params) {
      const rows = await matchingExamples(db, params).execute();
      const ids = rows.map((row) => row.id);
      if (ids.length === 0) return [];
      const states = await db.read
        .selectFrom("example")
        .selectAll()
        .where("id", "in", ids)
        .where("valid_from", "=", (of) =>
          of
            .selectFrom("example as later")
            .select((later) => later.fn.max("later.valid_from").as("newest"))
            .whereRef("later.id", "=", "example.id"),
        )
        .execute();
      const byId = new Map(states.map((state) => [state.id, toExample(state)]));
      return ids.flatMap((id) => byId.get(id) ?? []);
    },
  };
}

function matchingExamples(db: Database, params: Parameters<ExperimentStore["experimentExampleList"]>[0]) {
  const projectIds = [...params.projectIds];
  let query = db.read
    .selectFrom((of) =>
      of
        .selectFrom("example")
        .select((example) => [
          "id",
          example.fn.min("created_at").as("created_at"),
          example.fn.min("position").as("position"),
        ])
        .where("dataset_id", "=", params.datasetId)
        .groupBy("id")
        .as("tried"),
    )
    .select("tried.id")
    .where("tried.id", "in", (of) => {
      const runs = of
        .selectFrom("span")
        .select("reference_example_id")
        .where("project_id", "in", projectIds)
        .where("parent_id", "is", null)
        .where("reference_example_id", "is not", null);
      return runs.$castTo<{ reference_example_id: string }>();
    });
  if (params.exampleIds) query = query.where("tried.id", "in", [...params.exampleIds]);
  for (const [projectId, filters] of params.filters ?? []) {
    query = query.where("tried.id", "in", (of) =>
      of
        .selectFrom("span")
        .select("reference_example_id")
        .where("span.project_id", "=", projectId)
        .where("span.parent_id", "is", null)
        .where("span.reference_example_id", "is not", null)
        .where((eb) => eb.and(filters.map((filter) => compileFilter(filter, { dialect: db.dialect, table: "span" }))))
        .$castTo<{ reference_example_id: string }>(),
    );
  }
  const { sort } = params;
  if (sort) {
    const mean = db.read
      .selectFrom("feedback")
      .innerJoin("span", "span.id", "feedback.run_id")
      .select((eb) => eb.fn.avg("feedback.score").as("mean"))
      .where("span.project_id", "in", projectIds)
      .whereRef("span.reference_example_id", "=", sql.ref("tried.id"))
      .where("feedback.key", "=", sort.key);
    query = query.orderBy(sql`${mean} is null`).orderBy(sql`${mean}`, sort.order);
  }
  return query
    .orderBy("tried.created_at", "desc")
    .orderBy("tried.position")
    .orderBy("tried.id")
    .limit(params.limit)
    .offset(params.offset);
}
