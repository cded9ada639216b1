/**
 * Finds the runtime that this process runs on, and loads its adapter and no other.
 *
 * @module
 */

import type { Runtime } from "./runtime.ts";

/** The runtime of this process. */
export async function detectRuntime(): Promise<Runtime> {
  // Bun and Deno both pretend to be Node as well: they are asked for first.
  if ("Bun" in globalThis) return (await import("./bun.ts")).bunRuntime;
  if ("Deno" in globalThis) return (await import("./deno.ts")).newDenoRuntime();
  return (await import("./node.ts")).nodeRuntime;
}
