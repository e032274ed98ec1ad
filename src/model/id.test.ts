import { v5 } from "uuid";
import { expect, test } from "vitest";
import { isUuid, stableId } from "./id.ts";

const NAMESPACE = "6f0c3f54-7a2b-5f0e-9a53-9a1f64b7a2d1";

test("a stable id is the uuid v5 of its parts, so what was written once is recognised for ever", () => {
  for (let index = 0; index < 500; index += 1) {
    const part = `söme part ${index}`;
    const id = stableId("verdict", part, index);
    expect(id).toBe(v5(`7:verdict|${part.length}:${part}|${String(index).length}:${index}`, NAMESPACE));
    expect(isUuid(id)).toBe(true);
  }
});

test("where one part ends and the next begins is part of the id", () => {
  expect(stableId("a", "b|1:c")).not.toBe(stableId("a", "b", "c"));
});
