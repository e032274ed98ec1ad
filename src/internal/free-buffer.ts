import { MessageChannel } from "node:worker_threads";

const { port1: nowhere, port2: end } = new MessageChannel();
end.close();

/**
 * Frees a buffer at once; whoever still looks at it finds it empty. By itself it would wait for the garbage collector, which
 * a few large ones do not wake.
 */
export function freeBuffer(buffer: ArrayBuffer): void {
  nowhere.postMessage(null, [buffer]);
}
