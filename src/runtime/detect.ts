import type { Runtime } from "./runtime.ts";
export async function detectRuntime(): Promise<Runtime> {
  return (await import("./node.ts")).nodeRuntime;
}
