import { LoopsmithError } from "../../model/errors.ts";

/**
 * The response's body as text, read up to `maxBytes` and not a byte beyond, whatever the server goes on sending.
 * @throws LoopsmithError `too_large`
 */
export async function readCapped(response: Response, maxBytes: number): Promise<string> {
  if (!response.body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    // Throwing inside the loop cancels the stream and with it the connection.
    if (size > maxBytes) {
      throw new LoopsmithError("too_large", `The answer is over ${maxBytes} bytes.`, {
        hint: "Raise maxResponseBytes if such an answer is expected.",
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
