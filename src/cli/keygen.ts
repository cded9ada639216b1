/**
 * `freshlink keygen`: a new secret, or a new identity.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { messageOf } from "../calls/thrown.ts";
import { newIdentity } from "../options/identity.ts";
import { newSecret } from "../options/secret.ts";
import { detectRuntime } from "../runtime/detect.ts";
import { type Arguments, usage } from "./arguments.ts";
import { CommandError, EXIT } from "./exit_code.ts";
import type { Output } from "./output.ts";

/** Runs the command. */
export async function keygen(args: Arguments, output: Output): Promise<number> {
  const [file] = args.operands;
  const wantsSecret = args.flags.has("secret");
  if (wantsSecret === (file !== undefined)) {
    throw usage("keygen", "either --secret or the FILE of an identity was expected");
  }
  const runtime = await detectRuntime();
  if (file === undefined) {
    const secret = newSecret(runtime.random);
    output.line(secret, { secret });
    return EXIT.ok;
  }
  const { pem, publicKey } = await newIdentity(runtime);
  try {
    // Nobody else reads it, and none that is there is lost.
    await writeFile(file, pem, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const problem = `${file} cannot be written: ${messageOf(cause)}`;
    throw new CommandError("no-output", EXIT.unavailable, problem, cause);
  }
  output.line(publicKey, { publicKey });
  return EXIT.ok;
}
