import { array, assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { csvLine, parseCsv, spreadsheetLine } from "./csv.ts";

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

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "\uff1d1+1"])(
    "disarms %j for spreadsheets",
    (text) => {
      expect(parseCsv(spreadsheetLine(["a", text]))).toEqual([["a", `'${text}`]]);
    },
  );

  it("leaves numbers and plain text alone", () => {
    expect(spreadsheetLine(["a=b", -1.5, null, "x"])).toBe("a=b,-1.5,,x");
  });
});
