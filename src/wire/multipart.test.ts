import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LoopsmithError } from "../model/errors.ts";
import { BOUNDARY, CONTENT_TYPE, multipartBody } from "./multipart.fixture.ts";
import { readMultipart } from "./multipart.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function refusal(body: string | Uint8Array, contentType: string | null = CONTENT_TYPE): LoopsmithError {
  try {
    readMultipart(typeof body === "string" ? Buffer.from(body) : body, contentType);
  } catch (error) {
    if (LoopsmithError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("was taken");
}

test("reads parts however they tell their length", () => {
  const body = multipartBody([
    { name: "post.1", body: '{"a":1}' },
    { name: "post.1.inputs", body: '{"text":"wörld"}', length: "header" },
    { name: "post.1.outputs", body: "{}", length: "none" },
    { name: "attachment.1.image", body: Buffer.from([0, 13, 10, 45, 45, 255]), type: "image/png" },
    { name: "post.1.empty", body: "" },
  ]);
  const parts = readMultipart(body, CONTENT_TYPE);
  expect(parts.map((part) => [part.name, part.contentType])).toEqual([
    ["post.1", "application/json"],
    ["post.1.inputs", "application/json"],
    ["post.1.outputs", "application/json"],
    ["attachment.1.image", "image/png"],
    ["post.1.empty", "application/json"],
  ]);
  expect(text(parts[1]!.bytes)).toBe('{"text":"wörld"}');
  expect([...parts[3]!.bytes]).toEqual([0, 13, 10, 45, 45, 255]);
  expect(parts[4]!.bytes.byteLength).toBe(0);
  expect(parts[0]!.bytes.buffer).toBe(body.buffer);
});

test("jumps over a part that contains the boundary, since its length says so", () => {
  const tricky = `x\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="evil"\r\n\r\ny`;
  const parts = readMultipart(
    multipartBody([
      { name: "a", body: tricky },
      { name: "b", body: "1" },
    ]),
    CONTENT_TYPE,
  );
  expect(parts.map((part) => part.name)).toEqual(["a", "b"]);
  expect(text(parts[0]!.bytes)).toBe(tricky);
});

test.each([0, 3, 5, 999_999, Number.MAX_SAFE_INTEGER])(
  "searches for the boundary where the length %d is wrong",
  (length) => {
    // Clients that counted characters instead of bytes are still out there.
    const parts = readMultipart(
      multipartBody([
        { name: "a", body: "äöü!", length },
        { name: "b", body: "1" },
      ]),
      CONTENT_TYPE,
    );
    expect(parts.map((part) => text(part.bytes))).toEqual(["äöü!", "1"]);
  },
);

test("reads what the platform's own FormData writes", async () => {
  const form = new FormData();
  form.append("plain", "täxt");
  form.append('odd"name', new Blob(["{}"], { type: "application/json" }), "file name.json");
  const response = new Response(form);
  const parts = readMultipart(new Uint8Array(await response.arrayBuffer()), response.headers.get("content-type"));
  expect(parts.map(({ name, filename, bytes }) => ({ name, filename, text: text(bytes) }))).toEqual([
    { name: "plain", filename: undefined, text: "täxt" },
    { name: 'odd"name', filename: "file name.json", text: "{}" },
  ]);
});

test("keeps the media type's other parameters", () => {
  const body = multipartBody([{ name: "a", body: "x", type: "text/plain; charset=utf-8" }]);
  expect(readMultipart(body, CONTENT_TYPE)[0]?.contentType).toBe("text/plain; charset=utf-8");
});

test("takes a quoted boundary, a preamble, blanks behind a boundary, and no parts at all", () => {
  const body = `preamble\r\n--b 1 \r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--b 1--\r\nepilogue`;
  expect(readMultipart(Buffer.from(body), 'Multipart/Form-Data; Boundary="b 1"').map((part) => part.name)).toEqual([
    "x",
  ]);
  expect(readMultipart(Buffer.from(`--${BOUNDARY}--\r\n`), CONTENT_TYPE)).toEqual([]);
});

test("says which part is wrong", () => {
  const start = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="post.7"\r\n`;
  const cases: [string, RegExp][] = [
    ["", /boundary of its Content-Type does not occur/],
    ["hello", /boundary of its Content-Type does not occur/],
    [`--${BOUNDARY}oops`, /no line break between the boundary and part 1/],
    [start, /headers of part 1 do not end/],
    [`${start}\r\n{}`, /part 1 \("post.7"\) does not end with the boundary/],
    [`${start}\r\n{}\r\n--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n--${BOUNDARY}--`, /part 2 has no name/],
    [`${start}Content-Encoding: gzip\r\n\r\n{}\r\n--${BOUNDARY}--`, /part 1 has a Content-Encoding of its own/],
    [`--${BOUNDARY}\r\n${"X: y\r\n".repeat(9000)}`, /headers of part 1 do not end/],
  ];
  for (const [body, message] of cases) {
    const error = refusal(body);
    expect(error.code).toBe("invalid");
    expect(error.message).toMatch(message);
    expect(error.hint).not.toBe("");
  }
});

test("refuses other content types by name", () => {
  for (const type of [null, "", "application/json", "multipart/mixed; boundary=x", "multipart/form-data"]) {
    expect(refusal("", type).message).toContain("is not multipart/form-data");
  }
});

test("gives back any parts, whatever their bytes", () => {
  const part = fc.record({
    name: fc.stringMatching(/^[a-z.0-9]{1,40}$/),
    body: fc.uint8Array({ maxLength: 200 }),
    length: fc.constantFrom("parameter" as const, "header" as const, "none" as const),
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const read = readMultipart(multipartBody(parts), CONTENT_TYPE);
      expect(read.map(({ name, bytes }) => [name, [...bytes]])).toEqual(
        parts.map(({ name, body }) => [name, [...body]]),
      );
    }),
  );
});
