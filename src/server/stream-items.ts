/**
 * `{"items":[...]}` written page by page, so that a trace of any size costs the memory of one page. An error after the
 * first page breaks the connection off, which a client sees as a truncated body.
 */
export async function streamItems(pages: () => AsyncGenerator<string[]>): Promise<Response> {
  const source = pages();
  // The first page is read before the headers go out, so that a wrong filter is still an honest 400.
  const first = await source.next();
  const encoder = new TextEncoder();
  let written = 0;
  const write = (items: readonly string[]): Uint8Array => {
    const text = items.map((item) => (written++ === 0 ? item : `,${item}`)).join("");
    return encoder.encode(text);
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode('{"items":['));
      if (!first.done) controller.enqueue(write(first.value));
    },
    async pull(controller) {
      const next = await source.next();
      if (next.done) {
        controller.enqueue(encoder.encode('],"next_cursor":null}'));
        controller.close();
        return;
      }
      controller.enqueue(write(next.value));
    },
    async cancel() {
      await source.return(undefined);
    },
  });
  return new Response(body, { headers: { "content-type": "application/json; charset=utf-8" } });
}
