/**
 * Finds the runtime that this process runs on, and loads its adapter and no other.
 *
 * In the npm package the three specifiers are mapped by conditions, so that a bundler takes the
 * adapter of its target and leaves the others out (`tools/npm_package.ts`).
 *
 * @module
 */

import type { Runtime } from "./runtime.ts";

/** The runtime of this process. */
export async function detectRuntime(): Promise<Runtime> {
  // Bun and Deno both pretend to be Node as well: they are asked for first.
  if ("Bun" in globalThis) return (await import("./bun.ts")).newRuntime();
  if ("Deno" in globalThis) return (await import("./deno.ts")).newRuntime();
  return (await import("./node.ts")).newRuntime();
}
