import { array, assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { csvLine, parseCsv } from "./csv.ts";

describe("CSV", () => {
  it("reads quotes, commas and line breaks inside fields", () => {
    expect(parseCsv('a,b\r\n"1, 2","say ""hi""\nyou"\n')).toEqual([
      ["a", "b"],
      ["1, 2", 'say "hi"\nyou'],
    ]);
  });

  it("keeps empty fields and skips empty lines", () => {
    expect(parseCsv("a,,\n\n,b,\n")).toEqual([
      ["a", "", ""],
      ["", "b", ""],
    ]);
  });

  it("says which row does not end", () => {
    expect(() => parseCsv('a\n"b')).toThrow("row 2: a quoted field does not end");
    expect(() => parseCsv('"a"b')).toThrow("row 1: there is text behind a quoted field");
  });

  it("reads back whatever it wrote", () => {
    const row = array(string(), { minLength: 2, maxLength: 4 });
    assert(
      property(array(row), (rows) => {
        expect(parseCsv(rows.map(csvLine).join("\r\n"))).toEqual(rows);
      }),
    );
  });
});
