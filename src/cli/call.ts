/**
 * `freshlink call`: a request from the command line.
 *
 * @module
 */

import { Client } from "../client.ts";
import { messageOf } from "../calls/thrown.ts";
import { DEFAULTS } from "../options.ts";
import { withoutMark } from "../options/definitions.ts";
import { type Arguments, readAddress, readMs, usage } from "./arguments.ts";
import { EXIT } from "./exit_code.ts";
import { readSecret, readStandardInput, readTls } from "./files.ts";
import { jsonText, type Output } from "./output.ts";

/** What a handler calls to tell its caller how far it is. */
const PROGRESS_SERVICE = "progress";

/** How long `watch` waits, at most, before it looks whether the endpoint is back. */
const REDIAL_MAX_MS = 500;

/** Asks, and prints the answer. */
export async function call(args: Arguments, output: Output): Promise<number> {
  const [target, service, operand] = args.operands;
  const json = operand === "-" ? withoutMark(await readStandardInput()) : operand;
  let payload: unknown;
  try {
    payload = json === undefined ? undefined : JSON.parse(json);
  } catch (error) {
    throw usage("call", `the payload is no JSON: ${messageOf(error)}`);
  }
  const timeoutMs = readMs("call", args, "timeout", DEFAULTS.requestTimeoutMs);
  const client = await connectClient("call", target!, args, timeoutMs);
  try {
    if (args.flags.has("notify")) {
      await client.notify(service!, payload, { timeoutMs });
      await client.flush({ timeoutMs });
      output.line("sent", { sent: true });
      return EXIT.ok;
    }
    if (args.flags.has("progress")) showProgress(client, output);
    const idempotent = args.flags.has("idempotent");
    const answer = await client.request(service!, payload, { timeoutMs, idempotent });
    output.line(answer === undefined ? "done" : jsonText(answer, 2), { answer });
    return EXIT.ok;
  } finally {
    await client.close();
  }
}

/** Shows what the handler tells; for people beside the output, which is the answer. */
function showProgress(client: Client, output: Output): void {
  client.handle(PROGRESS_SERVICE, (progress) => {
    if (output.json) output.line("", { progress });
    else output.notice(`progress: ${jsonText(progress ?? null)}`);
  });
}

/** A client as the options say. */
export async function connectClient(
  command: string,
  target: string,
  args: Arguments,
  timeoutMs: number,
): Promise<Client> {
  const to = args.values.get("to");
  const name = args.values.get("name");
  return await Client.connect({
    ...readAddress(command, target),
    ...await readSecret(command, args),
    ...await readTls(command, args),
    ...(to === undefined ? {} : { to }),
    ...(name === undefined ? {} : { name }),
    connectTimeoutMs: timeoutMs,
    redialMaxMs: REDIAL_MAX_MS,
    // Whoever ends the command waits for nothing any more.
    drainMs: 0,
    // The handshake has to last longer than a probe does.
    handshakeTimeoutMs: Math.max(timeoutMs, DEFAULTS.probeTimeoutMs + 1),
  });
}
