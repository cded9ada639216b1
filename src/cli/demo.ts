/**
 * `freshlink demo`: the demonstration of a checkout.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { CommandError, EXIT } from "./exit_code.ts";
import { onInterrupt } from "./signals.ts";

/** Runs examples/orders/demo.ts under Deno, with the same arguments. */
export function demo(args: readonly string[]): Promise<number> {
  const { url: here } = import.meta as { readonly url: string };
  const url = new URL("../../examples/orders/demo.ts", here);
  const path = url.protocol === "file:" ? fileURLToPath(url) : "";
  if (path === "" || !existsSync(path)) {
    throw new CommandError(
      "unavailable",
      EXIT.unavailable,
      "the demonstration is in the repository, not in the package: in a clone of it, run\n" +
        "  npx -y deno@2 task demo",
    );
  }
  const isDeno = "Deno" in globalThis;
  const [command, ...prefix] = isDeno ? [process.execPath] : ["npx", "-y", "deno@2"];
  return new Promise((resolve, reject) => {
    const child = spawn(command!, [...prefix, "run", "--allow-all", path, ...args], {
      stdio: "inherit",
    });
    const release = onInterrupt(() => child.kill("SIGTERM"));
    child.once("error", (cause) => {
      release();
      const text = `Deno is needed and cannot be run: ${cause.message}`;
      reject(new CommandError("unavailable", EXIT.unavailable, text, cause));
    });
    child.once("exit", (code) => {
      release();
      resolve(code ?? EXIT.failed);
    });
  });
}
