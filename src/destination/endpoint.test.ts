import { expect, it } from "vitest";
import { addToAnnotationQueue, custom, notify, webhook } from "./action-helpers.ts";
import { endpointOf } from "./endpoint.ts";

it("names what receives an action, whatever the action carries", () => {
  const endpoints = [
    webhook("https://a.example/"),
    webhook("https://a.example/", { data: { n: 1 } }),
    webhook("https://b.example/"),
    notify("a"),
    custom("a"),
    addToAnnotationQueue("q"),
  ].map(endpointOf);
  expect(endpoints[0]).toBe(endpoints[1]);
  expect(new Set(endpoints).size).toBe(5);
});
