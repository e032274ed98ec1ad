import { jsKernel } from "./js-kernel.ts";
import type { Kernel } from "./kernel.ts";
import { wasmKernel } from "./wasm-kernel.ts";

/** The WASM SIMD kernel where the engine has it, else plain JavaScript. Both give the same counts. */
export function createKernel(choice: "auto" | "wasm" | "js" = "auto"): Kernel {
  return choice === "js" ? jsKernel() : (wasmKernel() ?? jsKernel());
}
