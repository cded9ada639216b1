/**
 * The project's folder, its files and its configuration, for the other tools.
 *
 * @module
 */

import { dirname } from "node:path";
import config from "../deno.json" with { type: "json" };

/** The project's folder, with forward slashes and one at the end. */
export const ROOT: string = `${dirname(import.meta.dirname ?? "").replaceAll("\\", "/")}/`;

/** What deno.json says. */
export { config };

/** Folders that hold nothing of the project's own. */
const FOREIGN: ReadonlySet<string> = new Set(["node_modules", "npm", ".cache", "coverage", ".git"]);

/** Whether a path below the project's folder exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(ROOT + path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * All files below a folder of the project, sorted, as paths below the project's folder.
 *
 * Folders with a `package.json` of their own are left out: they are other projects, with
 * dependencies that are installed by the command that needs them.
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(ROOT + folder));
  if (folder !== "" && entries.some(({ name }) => name === "package.json")) return files;
  for (const entry of entries) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile) files.push(path);
    else if (entry.isDirectory && !FOREIGN.has(entry.name)) files.push(...await filesBelow(path));
  }
  return files.sort();
}

/** Whether a path is a test's. */
export function isTestFile(path: string): boolean {
  return path.endsWith("_test.ts");
}
