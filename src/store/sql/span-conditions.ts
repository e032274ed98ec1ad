import { sql, type ExpressionBuilder, type Kysely, type SelectQueryBuilder } from "kysely";
import type { FilterExpression } from "../../wire/filter-ast.ts";
import type { SpanSelection } from "../resource/span.ts";
import { toMicros } from "./columns.ts";
import type { Database } from "./database.ts";
import type { Sql } from "./dialect.ts";
import { compileFilter, type FilterTable } from "./filter.ts";
import { FALSE } from "./filter-test.ts";
import type { Schema } from "./schema.ts";

export type SpanSelect = SelectQueryBuilder<Schema, "span", object>;

/** The spans a selection speaks of, without columns, order or limit. */
export function selectSpans(db: Database, params: SpanSelection): SpanSelect {
  // Named spans are found at once; anything else may be a search.
  const query: Kysely<Schema> = params.ids ? db.read : db.scan;
  let select: SpanSelect = query.selectFrom("span");
  select = among(select, "span.project_id", params.projectIds);
  select = among(select, "span.id", params.ids);
  select = among(select, "span.trace_id", params.traceIds);
  select = among(select, "span.reference_example_id", params.referenceExampleIds);
  select = among(select, "span.thread_id", params.threadIds);
  if (params.parentId !== undefined) select = select.where("span.parent_id", "=", params.parentId);
  if (params.kind !== undefined) select = select.where("span.kind", "=", params.kind);
  if (params.isRoot === true) select = select.where("span.parent_id", "is", null);
  if (params.isRoot === false) select = select.where("span.parent_id", "is not", null);
  if (params.hasError === true) select = select.where("span.error", "is not", null);
  if (params.hasError === false) select = select.where("span.error", "is", null);
  if (params.startFrom !== undefined) select = select.where("span.start_at", ">=", toMicros(params.startFrom));
  if (params.startTo !== undefined) select = select.where("span.start_at", "<=", toMicros(params.startTo));
  if (params.shareToken !== undefined) select = select.where("span.share_token", "=", params.shareToken);
  if (params.atOrBelow !== undefined) {
    const path = params.atOrBelow;
    const isBelow = sql<boolean>`substr(span.dotted_order, 1, ${path.length + 1}) = ${`${path}.`}`;
    select = select.where((of) => of.or([of("span.dotted_order", "=", path), isBelow]));
  }
  if (params.referenceDatasetId !== undefined) {
    const datasetId = params.referenceDatasetId;
    select = select.where("span.project_id", "in", (of) =>
      of.selectFrom("project").select("id").where("reference_dataset_id", "=", datasetId),
    );
  }
  return filtered(db, params, select);
}

type IdColumn = "project_id" | "id" | "trace_id" | "reference_example_id" | "thread_id";

function among(select: SpanSelect, column: `span.${IdColumn}`, values: readonly string[] | undefined): SpanSelect {
  if (!values) return select;
  // An empty list is no valid SQL everywhere; nothing is among nothing.
  return values.length === 0 ? select.where(FALSE) : select.where(column, "in", [...values]);
}

function filtered(db: Database, params: SpanSelection, query: SpanSelect): SpanSelect {
  const { filter, traceFilter, treeFilter, feedbackWindow } = params;
  const compile = (expression: FilterExpression, table: FilterTable): Sql<boolean> =>
    compileFilter(expression, { dialect: db.dialect, table, ...(feedbackWindow ? { feedbackWindow } : {}) });
  let select = query;
  if (filter) select = select.where(() => compile(filter, "span"));
  if (traceFilter) {
    select = select.where((eb: ExpressionBuilder<Schema, "span">) =>
      eb.exists(
        eb
          .selectFrom("span as root")
          .select(sql<number>`1`.as("one"))
          .whereRef("root.id", "=", "span.trace_id")
          .where(() => compile(traceFilter, "root")),
      ),
    );
  }
  if (treeFilter) {
    select = select.where((eb: ExpressionBuilder<Schema, "span">) =>
      eb.exists(
        eb
          .selectFrom("span as member")
          .select(sql<number>`1`.as("one"))
          .whereRef("member.trace_id", "=", "span.trace_id")
          .where(() => compile(treeFilter, "member")),
      ),
    );
  }
  return select;
}
