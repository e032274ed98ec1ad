import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { goodRun, post, type Answer } from "./requests.ts";

const MB = 1024 * 1024;
const BOUNDARY = "x";
const MULTIPART = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
const JSON_TYPE = { "content-type": "application/json" };

type Work = () => Promise<Answer[]>;

/** By name: each makes its body first, so that only the server's share is measured. */
export function badInputs(url: string): Record<string, () => Work> {
  const batch = (body: Buffer | string): Work => once(() => post(`${url}/runs/batch`, body));
  const runs = (...list: object[]): Buffer => Buffer.from(JSON.stringify({ post: list }));
  return {
    "100 MB body, one run": () => batch(runs(goodRun({ inputs: { text: "x".repeat(99 * MB) } }))),
    "101 MB body": () => batch(Buffer.alloc(101 * MB, 32)),
    "four 90 MB bodies at once": () => {
      const body = runs(goodRun({ inputs: { text: "x".repeat(90 * MB) } }));
      return () => Promise.all(Array.from({ length: 4 }, () => post(`${url}/runs/batch`, body)));
    },
    "100 MB of numbers for runs": () => batch(`{"post":[${"1,".repeat(50 * MB - 20)}1]}`),
    "100 MB of commas in inputs": () => {
      const run = JSON.stringify(goodRun()).replace('"inputs":{}', `"inputs":[${"1,".repeat(49 * MB)}1]`);
      return batch(`{"post":[${run}]}`);
    },
    "25,000 runs of no content": () => batch(runs(...Array.from({ length: 25_000 }, () => goodRun()))),
    "25,000 runs, all refused": () => batch(runs(...Array.from({ length: 25_000 }, () => goodRun({ name: 7 })))),
    "gzip bomb, 1 GB": () => {
      const body = gzipSync(Buffer.alloc(1024 * MB));
      return once(() => post(`${url}/runs/batch`, body, { "content-encoding": "gzip" }));
    },
    "gzip of 99 MB of JSON": () => {
      const text = Array.from({ length: 3 * MB }, (_, index) => (index * 7919).toString(36)).join(" ");
      const body = gzipSync(runs(goodRun({ inputs: { text: text.repeat(4).slice(0, 99 * MB) } })));
      return once(() => post(`${url}/runs/batch`, body, { "content-encoding": "gzip" }));
    },
    "nested a million deep": () => {
      const nested = `{"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}`;
      return batch(`{"post":[${JSON.stringify(goodRun()).replace("{}", nested)}]}`);
    },
    "nested a million deep, in a part": () => {
      const run = goodRun();
      const body = `${part(`post.${run.id}`, JSON.stringify(run))}${part(`post.${run.id}.outputs`, '{"a":'.repeat(1_000_000))}`;
      return once(() => post(`${url}/runs/multipart`, `${body}--${BOUNDARY}--\r\n`, MULTIPART));
    },
    "20 MB of metadata": () => batch(runs(goodRun({ extra: { metadata: { text: "x".repeat(20 * MB) } } }))),
    "19 MB of metadata, many keys": () => {
      const metadata = Object.fromEntries(Array.from({ length: 900_000 }, (_, index) => [`key ${index}`, index]));
      return batch(runs(goodRun({ extra: { metadata } })));
    },
    "19 MB of feedback": () => {
      const list = Array.from({ length: 1_500_000 }, (_, index) => index);
      const body = JSON.stringify({ run_id: randomUUID(), key: "k", score: 1, value: { list } });
      return once(() => post(`${url}/feedback`, body, JSON_TYPE));
    },
    "19 MB of JSON for an example": () => {
      const list = Array.from({ length: 60_000 }, (_, index) => ({ text: "x".repeat(300), index }));
      return async () => {
        const headers = { method: "POST", headers: JSON_TYPE };
        const created = await fetch(`${url}/datasets`, { ...headers, body: JSON.stringify({ name: randomUUID() }) });
        const { id } = (await created.json()) as { id: string };
        return [await post(`${url}/examples`, JSON.stringify({ dataset_id: id, inputs: { list } }), JSON_TYPE)];
      };
    },
    "OTLP span of 15 MB, many attributes": () => {
      const attributes = Array.from({ length: 150_000 }, (_, index) => ({
        key: `attribute.${index}`,
        value: { stringValue: "some text that is not long" },
      }));
      const span = { traceId: "0".repeat(31) + "1", spanId: "0".repeat(15) + "1", name: "s", attributes };
      const body = JSON.stringify({
        resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, startTimeUnixNano: "1760000000000000000" }] }] }],
      });
      return once(() => post(`${url}/v1/traces`, body, JSON_TYPE));
    },
    "one id 20,000 times": () => {
      const run = goodRun();
      return batch(runs(...Array.from({ length: 20_000 }, (_, index) => ({ ...run, inputs: { index } }))));
    },
    "parents in a circle, 20,000 long": () => {
      const root = goodRun();
      const ids = Array.from({ length: 20_000 }, () => randomUUID());
      const circle = ids.map((id, index) => ({
        ...goodRun({ id, trace_id: root.id, parent_run_id: ids[(index + 1) % ids.length] }),
        dotted_order: undefined,
        start_time: "2026-11-23T10:00:00Z",
      }));
      return batch(runs(root, ...circle));
    },
    "NUL and lone surrogates everywhere": () => {
      const odd = "\\u0000\\ud800\\udc00\\udfff\\ud83d";
      const fields = `"name":"${odd}","tags":["${odd}"],"extra":{"metadata":{"${odd}":"${odd}"}},"error":"${odd}"`;
      const list = Array.from({ length: 5000 }, () => {
        const run = goodRun({ name: undefined });
        return `${JSON.stringify(run).slice(0, -1)},${fields}}`;
      });
      return batch(`{"post":[${list.join(",")}]}`);
    },
    "prototype keys everywhere": () => {
      const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
      const list = Array.from({ length: 5000 }, () =>
        JSON.stringify(goodRun()).replace('"inputs":{}', `"inputs":${evil},"__proto__":1,"extra":{"metadata":${evil}}`),
      );
      return batch(`{"post":[${list.join(",")}],"__proto__":{"polluted":1}}`);
    },
    "filter of 10 kB, nested": () => {
      const filter = `${"and(".repeat(2500)}eq(name,"x")${")".repeat(2500)}`;
      return once(() => post(`${url}/runs/query`, JSON.stringify({ session: [randomUUID()], filter }), JSON_TYPE));
    },
    "filter of 10 kB, as deep as is allowed": () => {
      const filter = `${"not(".repeat(15)}or(${Array.from({ length: 90 }, (_, index) => `search("word ${index}")`).join(",")})${")".repeat(15)}`;
      return once(() => post(`${url}/runs/query`, JSON.stringify({ session: [randomUUID()], filter }), JSON_TYPE));
    },
    "trace of 100,000 spans, 100 a request": () => hugeTrace(url, 100),
    "trace of 100,000 spans, 20,000 a request": () => hugeTrace(url, 20_000),
  };
}

function once(send: () => Promise<Answer>): Work {
  return async () => [await send()];
}

function part(name: string, body: string): string {
  return (
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n` +
    `Content-Type: application/json\r\n\r\n${body}\r\n`
  );
}

function hugeTrace(url: string, perRequest: number): Work {
  const root = randomUUID();
  const rootOrder = `20261123T100000000000Z${root}`;
  const bodies: Buffer[] = [];
  for (let from = 0; from < 100_000; from += perRequest) {
    const spans = Array.from({ length: perRequest }, (_, index) => {
      const id = from + index === 0 ? root : randomUUID();
      const dotted_order = id === root ? rootOrder : `${rootOrder}.20261123T100001000000Z${id}`;
      return goodRun({ id, trace_id: root, dotted_order, ...(id === root ? {} : { parent_run_id: root }) });
    });
    bodies.push(Buffer.from(JSON.stringify({ post: spans })));
  }
  return async () => {
    const answers: Answer[] = [];
    for (const body of bodies) answers.push(await post(`${url}/runs/batch`, body));
    // Reading it back is part of what it costs.
    const read = await fetch(`${url}/v2/traces/${root}/runs?selects=INPUTS`);
    for await (const chunk of read.body ?? []) void chunk;
    return answers;
  };
}
