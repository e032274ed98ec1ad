export interface FixturePart {
  name: string;
  body: string | Uint8Array;
  type?: string;
  /** How the part tells its length. @default "parameter", as the JavaScript client does */
  length?: "parameter" | "header" | "none" | number;
}

export const BOUNDARY = "----LangSmithFormBoundaryabc123";
export const CONTENT_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** A multipart body as LangSmith's clients write it. */
export function multipartBody(parts: readonly FixturePart[]): Buffer {
  const pieces: Uint8Array[] = [];
  for (const { name, body, type = "application/json", length = "parameter" } of parts) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const told = typeof length === "number" ? length : bytes.byteLength;
    const parameter = length === "parameter" || typeof length === "number" ? `; length=${told}` : "";
    const header = length === "header" ? `Content-Length: ${told}\r\n` : "";
    pieces.push(
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n`),
      Buffer.from(`Content-Type: ${type}${parameter}\r\n${header}\r\n`),
      bytes,
      Buffer.from("\r\n"),
    );
  }
  pieces.push(Buffer.from(`--${BOUNDARY}--\r\n`));
  return Buffer.concat(pieces);
}
