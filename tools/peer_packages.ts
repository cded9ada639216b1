/**
 * The other libraries that freshlink is measured beside: `bench/peers` has a package.json of its
 * own, and the commands that need it install it, once.
 *
 * @module
 */

import { ROOT } from "./project.ts";

/** The program that serves or calls through one of them. */
export const PEER_PROGRAM = `${ROOT}bench/peers/program.js`;

const FOLDER = `${ROOT}bench/peers`;
const TIMEOUT_MS = 240_000;

/** A library, with or without its keep-alive pings. */
export interface Contender {
  /** A module of `bench/peers`. */
  readonly name: string;
  readonly pings: boolean;
}

/** All of them; freshlink first. */
export const CONTENDERS: readonly Contender[] = [
  { name: "freshlink", pings: false },
  { name: "grpc-js", pings: false },
  { name: "grpc-js", pings: true },
  { name: "connect-node", pings: false },
  { name: "connect-node", pings: true },
  { name: "socket.io", pings: false },
  { name: "rpc-websockets", pings: false },
  { name: "undici", pings: false },
  { name: "ws", pings: false },
  { name: "zeromq", pings: false },
  { name: "moleculer", pings: false },
];

/** How a contender is called in tables. */
export function contenderText({ name, pings }: Contender, version: string): string {
  return `${name} ${version}${pings ? " with pings" : ""}`;
}

/**
 * Installs what is not there yet.
 *
 * @throws {Error} With what npm said.
 */
export async function installPeers(): Promise<void> {
  if (await isInstalled()) return;
  console.error("Installing the packages of bench/peers, once ...");
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"],
    cwd: FOLDER,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  if (success) return;
  throw new Error(
    `Cannot install the packages of bench/peers:\n${new TextDecoder().decode(stderr)}`,
  );
}

/** The version of a contender: freshlink's own, or the one that is asked for exactly. */
export async function versionOf(executable: string, name: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(executable, {
    args: [PEER_PROGRAM, "versions", name],
    stdin: "null",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)).version;
}

async function isInstalled(): Promise<boolean> {
  const { dependencies } = JSON.parse(await Deno.readTextFile(`${FOLDER}/package.json`));
  const found = await Promise.all(
    Object.entries<string>(dependencies).map(async ([name, version]) => {
      try {
        const path = `${FOLDER}/node_modules/${name}/package.json`;
        return JSON.parse(await Deno.readTextFile(path)).version === version;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    }),
  );
  return found.every((isThere) => isThere);
}
