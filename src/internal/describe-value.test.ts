import { expect, it } from "vitest";
import { describeValue } from "./describe-value.ts";

const cyclic: unknown[] = [];
cyclic.push(cyclic);
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("no");
    },
  },
);
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();

it.each<[unknown, string]>([
  ["a", '"a" (string)'],
  [Number.NaN, "NaN (not a finite number)"],
  [10n, "10 (bigint)"],
  [null, "null (null)"],
  [undefined, "undefined (undefined)"],
  [[1], "[1] (array)"],
  [{ a: 1 }, '{"a":1} (object)'],
  [new Date(0), '"1970-01-01T00:00:00.000Z" (Date)'],
  [cyclic, "[not serialisable] (array)"],
  [Object.create(null), "{} (object)"],
])("describes it", (value, text) => {
  expect(describeValue(value)).toBe(text);
});

it("never throws and never runs long", () => {
  expect(describeValue(hostile)).toMatch(/not serialisable/);
  expect(() => describeValue(proxy)).not.toThrow();
  expect(describeValue("x".repeat(10_000)).length).toBeLessThan(150);
});
