// The Noise state machine: published vectors of many patterns with the primitives of this runtime,
// what does not open, and records.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { NONCE_MAX } from "../../src/core/channel/cipher_state.ts";
import { NoiseHandshake, type Pattern, protocolName } from "../../src/core/channel/noise.ts";
import { XX_PSK0 } from "../../src/core/channel/noise_patterns.ts";
import type { CipherName } from "../../src/core/channel/primitives.ts";
import {
  RECORD_MAX_BYTES,
  RECORD_PIECE_BYTES,
  recordBytes,
  RecordOpener,
  RecordSealer,
} from "../../src/core/channel/record.ts";
import { loadChannel } from "../../src/runtime/host.ts";
import { ROOT } from "../../tools/project.ts";
import { hex, unhex } from "../support/bytes.ts";

const primitives = await loadChannel("AESGCM");

const XX = [["e"], ["e", "ee", "s", "es"], ["s", "se"]] as const;

/** The patterns of the vectors, as the specification prints them (7.5, 9.4). */
const PATTERNS: Readonly<Record<string, Omit<Pattern, "name">>> = {
  XX: { initiatorIsKnown: false, responderIsKnown: false, messages: XX },
  XXpsk3: {
    initiatorIsKnown: false,
    responderIsKnown: false,
    messages: [XX[0], XX[1], [...XX[2], "psk"]],
  },
  "XXpsk0+psk1": {
    initiatorIsKnown: false,
    responderIsKnown: false,
    messages: [["psk", "e", "psk"], XX[1], XX[2]],
  },
  "XXpsk0+psk3": {
    initiatorIsKnown: false,
    responderIsKnown: false,
    messages: [["psk", "e"], XX[1], [...XX[2], "psk"]],
  },
  NNpsk0: {
    initiatorIsKnown: false,
    responderIsKnown: false,
    messages: [["psk", "e"], ["e", "ee"]],
  },
  KK: {
    initiatorIsKnown: true,
    responderIsKnown: true,
    messages: [["e", "es", "ss"], ["e", "ee", "se"]],
  },
  IKpsk2: {
    initiatorIsKnown: false,
    responderIsKnown: true,
    messages: [["e", "es", "s", "ss"], ["e", "ee", "se", "psk"]],
  },
};

/** Names are quoted as they are the publishers'. */
interface Vector {
  readonly "protocol_name": string;
  readonly "handshake_hash"?: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
  /** What `init_` and `resp_` have each: prologue, static, ephemeral, remote_static, psks. */
  readonly [part: string]: unknown;
}

/** The vectors are data of their publishers and lie beside the repository, not in it. */
async function readVectors(): Promise<readonly Vector[] | null> {
  try {
    const text = await Deno.readTextFile(`${ROOT}../shared/vectors/noise.json`);
    return (JSON.parse(text) as { vectors: readonly Vector[] }).vectors;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return null;
  }
}

const vectors = await readVectors();
if (vectors === null) {
  console.log(
    "noise_test: no ../shared/vectors/noise.json here: the published vectors are skipped",
  );
}

function endOf(vector: Vector, side: "init" | "resp"): NoiseHandshake {
  const [, patternName = "", , cipher] = vector["protocol_name"].split("_");
  const part = (name: string) => vector[`${side}_${name}`] as string | undefined;
  const keys = (name: string) => {
    const key = part(name);
    return key === undefined ? undefined : primitives.keyPair(unhex(key));
  };
  const staticKeys = keys("static");
  const remoteStatic = part("remote_static");
  const psks = (vector[`${side}_psks`] as readonly string[] | undefined) ?? [];
  return new NoiseHandshake({
    primitives,
    pattern: { name: patternName, ...PATTERNS[patternName]! },
    cipher: cipher as CipherName,
    isInitiator: side === "init",
    prologue: unhex(part("prologue") ?? ""),
    // A responder of one-way patterns draws none; none of those is here.
    ephemeralKeys: keys("ephemeral")!,
    preSharedKeys: psks.map(unhex),
    ...(staticKeys === undefined ? {} : { staticKeys }),
    ...(remoteStatic === undefined ? {} : { remoteStatic: unhex(remoteStatic) }),
  });
}

Deno.test({
  name: "noise: every published vector, byte for byte",
  ignore: vectors === null,
  fn() {
    let count = 0;
    for (const vector of vectors!) {
      const ends = [endOf(vector, "init"), endOf(vector, "resp")] as const;
      const { messages } = vector;
      let at = 0;
      while (!ends[0].isComplete) {
        const [writer, reader] = at % 2 === 0 ? ends : [ends[1], ends[0]];
        const { payload, ciphertext } = messages[at++]!;
        const message = writer!.writeMessage(unhex(payload))!;
        assertEquals(hex(message), ciphertext, `${vector["protocol_name"]}, message ${at}`);
        assertEquals(hex(reader!.readMessage(message)!), payload);
      }
      if (vector["handshake_hash"] !== undefined) {
        assertEquals(hex(ends[0].handshakeHash), vector["handshake_hash"]);
      }
      assertEquals(ends[0].handshakeHash, ends[1].handshakeHash);
      const [first, second] = [ends[0].split(), ends[1].split()];
      for (; at < messages.length; at++) {
        const [send, receive] = at % 2 === 0
          ? [first.send, second.receive]
          : [second.send, first.receive];
        const plaintext = unhex(messages[at]!.payload);
        const sealed = new Uint8Array(plaintext.length + 16);
        send.seal(new Uint8Array(0), plaintext, sealed, 0);
        assertEquals(hex(sealed), messages[at]!.ciphertext, `${vector["protocol_name"]}, ${at}`);
        assertEquals(receive.open(new Uint8Array(0), sealed)?.slice(), plaintext);
      }
      count++;
    }
    assert(count >= 10, `${count} vectors`);
  },
});

/** What the two ends of a handshake may differ in. */
interface Difference {
  readonly prologue?: Uint8Array;
  readonly secret?: Uint8Array;
  readonly cipher?: CipherName;
}

function endsOf(cipher: CipherName, differs: Difference = {}): [NoiseHandshake, NoiseHandshake] {
  const end = (isInitiator: boolean, seed: number, { prologue, secret, ...other }: Difference) =>
    new NoiseHandshake({
      primitives,
      pattern: XX_PSK0,
      cipher: other.cipher ?? cipher,
      isInitiator,
      prologue: prologue ?? Uint8Array.of(1, 2, 3),
      staticKeys: primitives.keyPair(new Uint8Array(32).fill(seed)),
      ephemeralKeys: primitives.keyPair(new Uint8Array(32).fill(seed + 1)),
      preSharedKeys: [secret ?? new Uint8Array(32).fill(7)],
    });
  return [end(true, 10, {}), end(false, 20, differs)];
}

const text = new TextEncoder();

for (const cipher of ["AESGCM", "ChaChaPoly"] as const) {
  Deno.test(`noise: ${protocolName(XX_PSK0, cipher)} makes two equal ends`, () => {
    const [dialer, acceptor] = endsOf(cipher);
    const first = dialer.writeMessage(text.encode("SP20"))!;
    assertEquals(first.length, 32 + 4 + 16);
    assertEquals(acceptor.readMessage(first)?.slice(), text.encode("SP20"));
    const second = acceptor.writeMessage(text.encode("I am SP20"))!;
    assertEquals(second.length, 32 + 48 + 9 + 16);
    assertEquals(dialer.readMessage(second)?.slice(), text.encode("I am SP20"));
    const third = dialer.writeMessage(new Uint8Array(0))!;
    assertEquals(third.length, 48 + 16);
    assertEquals(acceptor.readMessage(third)?.length, 0);
    assertEquals(dialer.handshakeHash, acceptor.handshakeHash);
    assertEquals(dialer.remoteStatic, primitives.keyPair(new Uint8Array(32).fill(20)).publicKey);
    assertEquals(acceptor.remoteStatic, primitives.keyPair(new Uint8Array(32).fill(10)).publicKey);
    assertThrows(() => acceptor.readMessage(third), Error, "over");
  });

  Deno.test(`noise: no flipped bit of any message passes, ${cipher}`, () => {
    const sizes = [32 + 16, 32 + 48 + 16, 48 + 16];
    for (const [at, size] of sizes.entries()) {
      for (let bit = 0; bit < size * 8; bit += 3) {
        const [dialer, acceptor] = endsOf(cipher);
        let passed = true;
        for (let message = 0; message <= at && passed; message++) {
          const [writer, reader] = message % 2 === 0 ? [dialer, acceptor] : [acceptor, dialer];
          const bytes = writer.writeMessage(new Uint8Array(0))!;
          if (message === at) bytes[bit >> 3]! ^= 1 << (bit & 7);
          passed = reader.readMessage(bytes) !== null;
        }
        assert(!passed, `message ${at + 1}, bit ${bit}`);
      }
    }
  });

  Deno.test(`noise: a cut message of any length does not pass, ${cipher}`, () => {
    for (let length = 0; length < 32 + 16; length++) {
      const [dialer, acceptor] = endsOf(cipher);
      const message = dialer.writeMessage(new Uint8Array(0))!;
      assertEquals(acceptor.readMessage(message.subarray(0, length)), null);
      assert(!acceptor.isComplete);
    }
  });
}

Deno.test("noise: another prologue, secret or cipher does not open the first message", () => {
  const differences: readonly Difference[] = [
    { prologue: Uint8Array.of(1, 2, 4) },
    { secret: new Uint8Array(32).fill(8) },
    { cipher: "ChaChaPoly" },
  ];
  for (const difference of differences) {
    const [dialer, acceptor] = endsOf("AESGCM", difference);
    assertEquals(acceptor.readMessage(dialer.writeMessage(text.encode("SP20"))!), null);
  }
});

Deno.test("noise: a public key of small order ends the handshake", () => {
  const keys = primitives.keyPair(new Uint8Array(32).fill(3));
  assertEquals(keys.agree(new Uint8Array(32)), null);
  assertEquals(keys.agree(Uint8Array.of(1, ...new Uint8Array(31))), null);
});

/** Two directions of one finished handshake. */
function channel(cipher: CipherName, rekeyRecords?: number) {
  const [dialer, acceptor] = endsOf(cipher);
  acceptor.readMessage(dialer.writeMessage(new Uint8Array(0))!);
  dialer.readMessage(acceptor.writeMessage(new Uint8Array(0))!);
  acceptor.readMessage(dialer.writeMessage(new Uint8Array(0))!);
  const [one, other] = [dialer.split(), acceptor.split()];
  return {
    ciphers: [one.send, other.receive] as const,
    sealer: new RecordSealer(one.send, rekeyRecords),
    opener: new RecordOpener(other.receive, rekeyRecords),
    back: new RecordSealer(other.send, rekeyRecords),
  };
}

function sealOf(sealer: RecordSealer, bytes: Uint8Array): Uint8Array {
  const records = new Uint8Array(recordBytes(bytes.length));
  assertEquals(sealer.seal(bytes, records, 0), records.length);
  return records;
}

class Taker {
  bytes: Uint8Array = new Uint8Array(0);
  defects = 0;

  onRecord(bytes: Uint8Array): boolean {
    this.bytes = Uint8Array.from([...this.bytes, ...bytes]);
    return true;
  }

  onRecordDefect(): void {
    this.defects++;
  }
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index * 7 + (index >> 8));
}

Deno.test("records: streams of any size and cut arrive as they were, across changes of keys", () => {
  for (const cipher of ["AESGCM", "ChaChaPoly"] as const) {
    const { sealer, opener } = channel(cipher, 3);
    const sizes = [1, 2, 17, 1_000, RECORD_PIECE_BYTES, RECORD_PIECE_BYTES + 1, 65_536, 1, 1, 5];
    const taker = new Taker();
    const whole: number[] = [];
    for (const [at, size] of sizes.entries()) {
      const bytes = pattern(size);
      const records = sealOf(sealer, bytes);
      const cut = [records.length, 1, 7, 1_000][at % 4]!;
      for (let start = 0; start < records.length; start += cut) {
        opener.push(records.subarray(start, start + cut), taker);
      }
      whole.push(...bytes);
    }
    assertEquals(taker.bytes.length, whole.length);
    assertEquals(taker.bytes, Uint8Array.from(whole));
    assertEquals(taker.defects, 0);
  }
});

Deno.test("records: a piece a record is sent, and as much as a Noise message holds is taken", () => {
  const { sealer, opener, ciphers: [send] } = channel("AESGCM");
  const records = sealOf(sealer, pattern(RECORD_PIECE_BYTES + 1));
  assertEquals((records[0]! << 8) + records[1]!, RECORD_PIECE_BYTES + 16);
  assertEquals(records.length, 2 + RECORD_PIECE_BYTES + 16 + 2 + 17);
  const taker = new Taker();
  opener.push(records, taker);
  const largest = new Uint8Array(2 + 65_535).fill(0xff);
  assertEquals(send.seal(new Uint8Array(0), pattern(RECORD_MAX_BYTES), largest, 2), 65_535);
  opener.push(largest, taker);
  assertEquals(taker.bytes.length, RECORD_PIECE_BYTES + 1 + RECORD_MAX_BYTES);
});

Deno.test("records: flipped, cut, repeated, swapped, reflected ones open nothing, for ever", () => {
  const attacks: Readonly<
    Record<string, (records: Uint8Array[], back: Uint8Array) => Uint8Array[]>
  > = {
    repeated: ([one]) => [one!, one!],
    swapped: ([one, two]) => [two!, one!],
    "left out": ([, two]) => [two!],
    reflected: (_, back) => [back],
    empty: () => [Uint8Array.of(0, 0)],
    "a tag only": () => [Uint8Array.of(0, 16, ...new Uint8Array(16))],
    "another length": ([one, two]) => {
      const longer = one!.slice();
      longer[1]!++;
      return [longer, two!];
    },
    "one byte short": ([one, two]) => {
      const shorter = one!.slice(0, -1);
      shorter[1]!--;
      return [shorter, two!];
    },
  };
  for (const [name, attack] of Object.entries(attacks)) {
    const { sealer, opener, back } = channel("AESGCM");
    const records = [sealOf(sealer, pattern(40)), sealOf(sealer, pattern(41))];
    const taker = new Taker();
    const sent = attack(records, sealOf(back, pattern(40)));
    for (const bytes of sent) opener.push(bytes, taker);
    assertEquals(taker.defects, 1, name);
    assert(taker.bytes.length <= 40, name);
    // Not even what is right any more.
    const before = taker.bytes.length;
    opener.push(sealOf(sealer, pattern(3)), taker);
    assertEquals(taker.bytes.length, before, name);
    assertEquals(taker.defects, 1, name);
  }
  for (let bit = 0; bit < 8 * 58; bit++) {
    const { sealer, opener } = channel("ChaChaPoly");
    const record = sealOf(sealer, pattern(40));
    record[bit >> 3]! ^= 1 << (bit & 7);
    const taker = new Taker();
    opener.push(record, taker);
    assertEquals(taker.bytes.length, 0, `bit ${bit}`);
  }
});

Deno.test("records: before the first bytes have come nothing is kept for them", () => {
  const { opener } = channel("AESGCM");
  const taker = new Taker();
  opener.push(Uint8Array.of(0xff, 0xff), taker);
  assert(opener.keptBytes <= 4, `${opener.keptBytes}`);
  opener.push(new Uint8Array(100), taker);
  assert(opener.keptBytes <= 256, `${opener.keptBytes}`);
});

Deno.test("records: the last nonce is used once, and none after it", () => {
  const { ciphers: [send, receive], sealer, opener } = channel("ChaChaPoly");
  send.setNonce(NONCE_MAX);
  receive.setNonce(NONCE_MAX);
  const taker = new Taker();
  opener.push(sealOf(sealer, pattern(5)), taker);
  assertEquals(taker.bytes, pattern(5));
  assertThrows(() => sealOf(sealer, pattern(5)), RangeError, "used up");
});

Deno.test("records: nonces beyond 32 bits are told apart", () => {
  for (const cipher of ["AESGCM", "ChaChaPoly"] as const) {
    const { ciphers: [send, receive], sealer, opener } = channel(cipher);
    send.setNonce(2 ** 32 + 5);
    receive.setNonce(5);
    const taker = new Taker();
    opener.push(sealOf(sealer, pattern(5)), taker);
    assertEquals(taker.defects, 1);
  }
});
