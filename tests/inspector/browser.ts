/**
 * Chromium for the tests of the page: Debian's. Where it is not there, CI installs it, and a run
 * elsewhere says why the tests are skipped.
 */

import { type Browser, chromium } from "playwright-core";

const PATHS: readonly string[] = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
const INSTALL_TIMEOUT_MS = 180_000;

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

async function find(): Promise<string | null> {
  for (const path of PATHS) if (await isFile(path)) return path;
  return null;
}

async function install(): Promise<void> {
  for (const args of [["update", "-q"], ["install", "-y", "-q", "chromium"]]) {
    await new Deno.Command("sudo", {
      args: ["-n", "apt-get", ...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(INSTALL_TIMEOUT_MS),
    }).output().catch(() => null);
  }
}

/** Where it is; `null`: it is not, and the tests cannot run here. */
export async function chromiumPath(): Promise<string | null> {
  const found = await find();
  if (found !== null || Deno.env.get("CI") !== "true") return found;
  await install();
  const path = await find();
  if (path === null) throw new Error("CI has no Chromium, and apt-get does not bring it");
  return path;
}

/** Starts it. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"], headless: true });
}
