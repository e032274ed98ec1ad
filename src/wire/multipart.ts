import { LoopsmithError } from "../model/errors.ts";

/** One part of a multipart/form-data body. */
export interface Part {
  name: string;
  /** Media type as sent, without LangSmith's `length` parameter; empty when there is none. */
  contentType: string;
  /** A view into the body, not a copy. */
  bytes: Uint8Array;
  filename: string | undefined;
}

/** Headers of one part; no client comes near. */
const MAX_HEADER_BYTES = 16 * 1024;
const CR = 0x0d;
const LF = 0x0a;
const DASH = 0x2d;

/**
 * All parts of a multipart/form-data body.
 * @throws LoopsmithError `invalid` naming the part and what is wrong with it
 */
export function readMultipart(body: Uint8Array, contentType: string | null | undefined): Part[] {
  return [...multipartParts(body, contentType)];
}

/**
 * The parts of a multipart/form-data body, one by one. A part that says how long it is (`Content-Length`, or LangSmith's
 * `; length=N` behind its type) is jumped over instead of searched through, which makes this many times faster than a
 * general reader. The boundary must stand where the length says; where it does not, it is searched for.
 * @throws LoopsmithError `invalid` naming the part and what is wrong with it
 */
export function* multipartParts(body: Uint8Array, contentType: string | null | undefined): Generator<Part> {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  let at = behindPreamble(buffer, delimiter);
  for (let index = 1; ; index++) {
    if (buffer[at] === DASH && buffer[at + 1] === DASH) return;
    at = behindLineBreak(buffer, at, index);
    const start = behindHeaders(buffer, at, index);
    const headers =
      usualHeaders(buffer.toString("latin1", at, start - 4)) ??
      readHeaders(buffer.toString("utf8", at, start - 4), index);
    const end = endOfPart(buffer, start, delimiter, headers.length);
    if (end === -1) throw malformed(`part ${index} ("${headers.name}") does not end with the boundary`, index);
    yield {
      name: headers.name,
      contentType: headers.contentType,
      bytes: buffer.subarray(start, end),
      filename: headers.filename,
    };
    at = end + delimiter.length;
  }
}

function behindPreamble(buffer: Buffer, delimiter: Buffer): number {
  const opening = delimiter.subarray(2);
  if (buffer.subarray(0, opening.length).equals(opening)) return opening.length;
  const found = buffer.indexOf(delimiter);
  if (found === -1) throw malformed("the boundary of its Content-Type does not occur in it", 1);
  return found + delimiter.length;
}

/** Behind the boundary's own line, which may be padded with blanks. */
function behindLineBreak(buffer: Buffer, start: number, index: number): number {
  let at = start;
  while (buffer[at] === 0x20 || buffer[at] === 0x09) at++;
  if (buffer[at] === CR && buffer[at + 1] === LF) return at + 2;
  throw malformed(`there is no line break between the boundary and part ${index}`, index);
}

function behindHeaders(buffer: Buffer, start: number, index: number): number {
  const last = Math.min(buffer.length, start + MAX_HEADER_BYTES);
  for (let at = start; at < last; at++) {
    if (buffer[at] === CR && buffer[at + 1] === LF && buffer[at + 2] === CR && buffer[at + 3] === LF) return at + 4;
  }
  throw malformed(`the headers of part ${index} do not end`, index);
}

interface PartHeaders {
  name: string;
  filename: string | undefined;
  contentType: string;
  length: number;
}

/** The headers as LangSmith's clients write them; others are read line by line. */
const USUAL =
  /^Content-Disposition: form-data; name="([\x20-\x21\x23\x24\x26-\x5b\x5d-\x7e]*)"\r\nContent-Type: ([^;\r\n]+)(?:; length=(\d{1,15})|\r\nContent-Length: (\d{1,15}))$/;

function usualHeaders(text: string): PartHeaders | undefined {
  const usual = USUAL.exec(text);
  if (!usual) return undefined;
  return {
    name: usual[1] ?? "",
    contentType: usual[2] ?? "",
    length: Number(usual[3] ?? usual[4]),
    filename: undefined,
  };
}

function readHeaders(text: string, index: number): PartHeaders {
  let name: string | undefined;
  let filename: string | undefined;
  let contentType = "";
  let length = -1;
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    const header = line.slice(0, colon).toLowerCase();
    if (header === "content-disposition") {
      name = quoted(line, "name");
      filename = quoted(line, "filename");
    } else if (header === "content-type") {
      contentType = line.slice(colon + 1).trim();
      const parameter = LENGTH.exec(contentType);
      if (parameter) {
        length = Number(parameter[1]);
        contentType = contentType.slice(0, parameter.index) + contentType.slice(parameter.index + parameter[0].length);
      }
    } else if (header === "content-length") {
      const value = line.slice(colon + 1).trim();
      if (/^\d{1,15}$/.test(value)) length = Number(value);
    } else if (header === "content-encoding") {
      throw malformed(`part ${index} has a Content-Encoding of its own; compress the whole body instead`, index);
    }
  }
  if (name === undefined) throw malformed(`part ${index} has no name in its Content-Disposition`, index);
  return { name, contentType, length, filename };
}

const LENGTH = /\s*;\s*length=(\d{1,15})(?=\s*(?:;|$))/i;

const PARAMETERS = {
  name: /[;\s]name=(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i,
  filename: /[;\s]filename=(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i,
};

function quoted(line: string, parameter: keyof typeof PARAMETERS): string | undefined {
  const match = PARAMETERS[parameter].exec(line);
  const value = match?.[1] ?? match?.[2];
  if (value === undefined || !/[\\%]/.test(value)) return value;
  return value.replace(/\\(.)/g, "$1").replace(/%22/g, '"').replace(/%0D/gi, "\r").replace(/%0A/gi, "\n");
}

/** The position of the delimiter that ends the part, or -1. */
function endOfPart(buffer: Buffer, start: number, delimiter: Buffer, length: number): number {
  if (length >= 0 && standsAt(buffer, start + length, delimiter)) return start + length;
  return buffer.indexOf(delimiter, start);
}

function standsAt(buffer: Buffer, at: number, delimiter: Buffer): boolean {
  for (let index = 0; index < delimiter.length; index++) {
    if (buffer[at + index] !== delimiter[index]) return false;
  }
  return true;
}

function boundaryOf(contentType: string | null | undefined): string {
  const type = contentType ?? "";
  const match = /^\s*multipart\/form-data\s*;/i.test(type)
    ? /;\s*boundary=(?:"([^"]{1,200})"|([^;\s"]{1,200}))/i.exec(type)
    : null;
  const boundary = match?.[1] ?? match?.[2];
  if (boundary !== undefined) return boundary;
  throw new LoopsmithError("invalid", `Content-Type ${JSON.stringify(type.slice(0, 120))} is not multipart/form-data`, {
    hint: "Send Content-Type: multipart/form-data with the boundary that separates the parts.",
    details: { field: "Content-Type" },
  });
}

function malformed(reason: string, part: number): LoopsmithError {
  return new LoopsmithError("invalid", `malformed multipart body: ${reason}`, {
    hint: "Send each part as boundary, headers, an empty line, and exactly as many bytes as its length says.",
    details: { field: "body", part },
  });
}
