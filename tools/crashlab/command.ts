/**
 * Runs `ip` and says what went wrong.
 *
 * @module
 */

/** How long one call of `ip` may take, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** What the lab needs is not here. */
export class RequirementError extends Error {
  /** The class's name. */
  override readonly name = "RequirementError";
}

/**
 * Runs one command to its end.
 *
 * @returns What it printed.
 * @throws {Error} With what it wrote to standard error, when it failed.
 */
export async function command(name: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(name, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`${name} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
}

/**
 * Looks whether namespaces can be made here.
 *
 * @throws {RequirementError} With what is missing and how to get it.
 */
export async function checkRequirements(): Promise<void> {
  if (Deno.build.os !== "linux") {
    throw new RequirementError(`the crash lab needs Linux's network namespaces: this is \
${Deno.build.os}; a virtual machine with Linux will do`);
  }
  try {
    await command("ip", "-V");
  } catch {
    throw new RequirementError(
      "the crash lab needs the command 'ip': install it with 'apt-get install iproute2'",
    );
  }
  if (Deno.uid() !== 0) {
    throw new RequirementError(
      "the crash lab needs root to make network namespaces: run it with sudo",
    );
  }
  const name = `freshlink-${Deno.pid}-try`;
  try {
    await command("ip", "netns", "add", name);
    const peer = ["peer", "name", "end2"];
    await command("ip", "-n", name, "link", "add", "name", "end1", "type", "veth", ...peer);
  } catch (error) {
    throw new RequirementError(`the crash lab cannot make network namespaces here, although it is \
root: in a container it needs --privileged, or CAP_NET_ADMIN and CAP_SYS_ADMIN (${
      error instanceof Error ? error.message : error
    })`);
  } finally {
    await command("ip", "netns", "del", name).catch(() => {});
  }
}
