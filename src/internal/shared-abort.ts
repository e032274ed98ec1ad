import { setMaxListeners } from "node:events";

/** An abort controller whose signal many calls at once may listen to without a leak warning. */
export function sharedAbort(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
