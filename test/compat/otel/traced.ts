import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type IdGenerator,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-node";

export interface ExportOptions {
  /** The server's address. */
  endpoint: string;
  /** The project, by LangSmith's header. */
  project: string;
  /** @default "protobuf" */
  format?: "protobuf" | "json";
  /** @default "none" */
  compression?: "gzip" | "none";
  /** @default "/otel/v1/traces" */
  path?: string;
  /** @default random */
  idGenerator?: IdGenerator;
}

/** Runs `work` with a tracer of OpenTelemetry's SDK whose real exporter sends to a server, and waits until it has. */
export async function traced(options: ExportOptions, work: (tracer: Tracer) => Promise<void>): Promise<void> {
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporterOf(options))],
    ...(options.idGenerator ? { idGenerator: options.idGenerator } : {}),
  });
  try {
    await work(provider.getTracer("agent"));
    await provider.forceFlush();
  } finally {
    await provider.shutdown();
  }
}

function exporterOf({
  endpoint,
  project,
  format = "protobuf",
  compression = "none",
  path = "/otel/v1/traces",
}: ExportOptions): SpanExporter {
  const config = {
    url: `${endpoint}${path}`,
    headers: { "x-api-key": "any", "Langsmith-Project": project },
    compression: compression as never,
  };
  return format === "protobuf" ? new ProtobufExporter(config) : new JsonExporter(config);
}
