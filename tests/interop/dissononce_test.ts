// An independent implementation at the other end: Debian's python3-dissononce runs the handshake
// and the records of Noise_XXpsk0_25519_<cipher>_SHA256 in both roles.

import { assert, assertEquals } from "@std/assert";
import { NoiseHandshake } from "../../src/core/channel/noise.ts";
import { XX_PSK0 } from "../../src/core/channel/noise_patterns.ts";
import type { CipherName } from "../../src/core/channel/primitives.ts";
import { recordBytes, RecordOpener, RecordSealer } from "../../src/core/channel/record.ts";
import { loadChannel } from "../../src/runtime/host.ts";

const PYTHON = "/usr/bin/python3";
const PROGRAM = `${import.meta.dirname}/noise_peer.py`;
const INSTALL_TIMEOUT_MS = 120_000;
const REKEY_RECORDS = 5;
const TIMEOUT_MS = 20_000;

/** Why the library is not here; `null` where it is. CI installs it. */
async function findMissing(): Promise<string | null> {
  if (await succeeds(PYTHON, "-c", "import dissononce")) return null;
  const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
  if (Deno.env.get("CI") === undefined || !isRoot) return "python3-dissononce is not installed";
  await succeeds("apt-get", "update", "--quiet");
  await succeeds("apt-get", "install", "--yes", "--quiet", "python3-dissononce");
  const isThere = await succeeds(PYTHON, "-c", "import dissononce");
  return isThere ? null : "python3-dissononce cannot be installed";
}

async function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(INSTALL_TIMEOUT_MS),
    });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

/** Messages with two bytes of length in front. */
class Stream {
  readonly #connection: Deno.Conn;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      offset += await this.#connection.write(bytes.subarray(offset));
    }
  }

  writeMessage(message: Uint8Array): Promise<void> {
    return this.write(Uint8Array.from([message.length >> 8, message.length, ...message]));
  }

  async readMessage(): Promise<Uint8Array> {
    const [high, low] = await this.#readExactly(2);
    return await this.#readExactly(high! << 8 | low!);
  }

  async readSome(): Promise<Uint8Array> {
    const buffer = new Uint8Array(10_000);
    const count = await this.#connection.read(buffer);
    if (count === null) throw new Error("the other end has gone");
    return buffer.subarray(0, count);
  }

  async #readExactly(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const read = await this.#connection.read(bytes.subarray(filled));
      if (read === null) throw new Error("the other end has gone");
      filled += read;
    }
    return bytes;
  }
}

const PAYLOADS = ["to", "acceptor", "dialer"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function shakeHands(stream: Stream, cipher: CipherName, isInitiator: boolean) {
  const primitives = await loadChannel(cipher);
  const handshake = new NoiseHandshake({
    primitives,
    pattern: XX_PSK0,
    cipher,
    isInitiator,
    prologue: encoder.encode("prologue"),
    staticKeys: primitives.keyPair(crypto.getRandomValues(new Uint8Array(32))),
    ephemeralKeys: primitives.keyPair(crypto.getRandomValues(new Uint8Array(32))),
    preSharedKeys: [new Uint8Array(32).fill(7)],
  });
  for (const [index, payload] of PAYLOADS.entries()) {
    if ((index % 2 === 0) === isInitiator) {
      await stream.writeMessage(handshake.writeMessage(encoder.encode(payload))!);
    } else {
      const told = handshake.readMessage(await stream.readMessage());
      assert(told !== null, `message ${index + 1} does not open`);
      assertEquals(decoder.decode(told), payload);
    }
  }
  return handshake.split();
}

/** Sends pieces of many sizes and compares what comes back. */
async function exchange(stream: Stream, cipher: CipherName, isInitiator: boolean): Promise<void> {
  const { send, receive } = await shakeHands(stream, cipher, isInitiator);
  const sealer = new RecordSealer(send, REKEY_RECORDS);
  const opener = new RecordOpener(receive, REKEY_RECORDS);
  const sizes = [1, 2, 64, 1_000, 65_519, 65_536, 100_000, ...Array(40).fill(9)];
  const sent: number[] = [];
  const returned: number[] = [];
  for (const [at, size] of sizes.entries()) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => at + index * 31);
    sent.push(...bytes);
    const records = new Uint8Array(recordBytes(size));
    sealer.seal(bytes, records, 0);
    await stream.write(records);
    while (returned.length < sent.length) {
      opener.push(await stream.readSome(), {
        onRecord(piece) {
          returned.push(...piece);
          return true;
        },
        onRecordDefect() {
          throw new Error("a record of the other end does not open");
        },
      });
    }
  }
  assertEquals(returned.length, sent.length);
  assert(returned.every((byte, index) => byte === sent[index]));
}

function startPython(...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(PYTHON, {
    args: [PROGRAM, ...args],
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).spawn();
}

const missing = await findMissing();
if (missing !== null) console.log(`dissononce_test: skipped, as ${missing}`);
const because = missing === null ? "" : ` (${missing})`;

for (const cipher of ["AESGCM", "ChaChaPoly"] as const) {
  Deno.test({
    name: `dissononce accepts, ${cipher}${because}`,
    ignore: missing !== null,
    async fn() {
      const python = startPython("accept", cipher, `${REKEY_RECORDS}`);
      const output = python.stdout.getReader();
      const { value } = await output.read();
      const connection = await Deno.connect({ port: Number(decoder.decode(value)) });
      await exchange(new Stream(connection), cipher, true);
      connection.close();
      await output.cancel();
      assert((await python.status).success);
    },
  });

  Deno.test({
    name: `dissononce dials, ${cipher}${because}`,
    ignore: missing !== null,
    async fn() {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const python = startPython("dial", cipher, `${REKEY_RECORDS}`, `${listener.addr.port}`);
      const connection = await Promise.race([listener.accept(), python.status]);
      if (!("read" in connection)) throw new Error("it ended without dialling");
      await exchange(new Stream(connection), cipher, false);
      connection.close();
      await python.stdout.cancel();
      assert((await python.status).success);
    },
  });
}
