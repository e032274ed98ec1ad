import type { Hono } from "hono";
import type { ServerContext } from "../server-context.ts";
import { annotationQueueRoutes } from "./annotation-queues.ts";
import { attachmentRoutes } from "./attachments.ts";
import { datasetDownloadRoutes } from "./datasets-download.ts";
import { datasetRoutes } from "./datasets.ts";
import { datasetShareRoutes } from "./datasets-share.ts";
import { datasetUploadRoutes } from "./datasets-upload.ts";
import { datasetVersionRoutes } from "./datasets-versions.ts";
import { exampleReadRoutes } from "./examples-read.ts";
import { exampleWriteRoutes } from "./examples-write.ts";
import { feedbackRoutes } from "./feedback.ts";
import { infoRoutes, settingsRoutes } from "./info.ts";
import { platformExampleRoutes } from "./platform-examples.ts";
import { queueItemRoutes } from "./queue-items.ts";
import { queueRunRoutes } from "./queue-runs.ts";
import { runsIngestRoutes } from "./runs-ingest.ts";
import { runsV1Routes } from "./runs-v1.ts";
import { runsV2Routes } from "./runs-v2.ts";
import { sessionRoutes } from "./sessions.ts";
import { tracesV2Routes } from "./traces-v2.ts";

/** Everything that LangSmith's clients call. Paths are canonical: the mounts are folded in `canonical-path.ts`. */
export function langsmithRoutes(app: Hono, context: ServerContext): void {
  infoRoutes(app, context);
  settingsRoutes(app);
  runsIngestRoutes(app, context);
  runsV2Routes(app, context);
  tracesV2Routes(app, context);
  runsV1Routes(app, context);
  sessionRoutes(app, context);
  feedbackRoutes(app, context);
  annotationQueueRoutes(app, context);
  queueRunRoutes(app, context);
  queueItemRoutes(app, context);
  attachmentRoutes(app, context);
  datasetUploadRoutes(app, context);
  datasetRoutes(app, context);
  datasetVersionRoutes(app, context);
  datasetDownloadRoutes(app, context);
  datasetShareRoutes(app, context);
  exampleReadRoutes(app, context);
  exampleWriteRoutes(app, context);
  platformExampleRoutes(app, context);
}
