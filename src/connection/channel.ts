/**
 * What protects the connections of an endpoint or client: nothing, TLS below, or Noise under a
 * secret. It makes the handshakes, and lends the room in which is sealed.
 *
 * @module
 */

import type { Admission, Admitter, Handshake } from "../core/channel/handshake.ts";
import { lifeOf, NoiseAcceptor, NoiseDialer } from "../core/channel/noise_handshake.ts";
import { NONCE_BYTES, PlainAcceptor, PlainDialer } from "../core/channel/plain_handshake.ts";
import { SeenKeys } from "../core/channel/seen_keys.ts";
import { BOOT_ID_BYTES, bootIdOf, type Hello } from "../core/wire/hello.ts";
import type { ChannelPrimitives, KeyPair, Runtime } from "../runtime/runtime.ts";

/** With what an end protects its connections. */
export interface ChannelKeys {
  readonly primitives: ChannelPrimitives;
  /** Who this end is. */
  readonly staticKeys: KeyPair;
  /** The first is dialled with, all are accepted. */
  readonly preSharedKeys: readonly Uint8Array[];
}

const PRIVATE_KEY_BYTES = 32;

/** The channel of one endpoint or client. */
export class Channel {
  /** Who this end is, as links and tables know it. */
  readonly self: Hello;
  /** Who it says it is. */
  readonly #introduction: Hello;
  readonly #runtime: Runtime;
  #keys: ChannelKeys | null;
  /** The static keys with which this life began: it is bound to them, whatever comes later. */
  readonly #lifeKeys: KeyPair | null;
  readonly #seen = new SeenKeys();
  /** Where the next write is sealed; one for all connections, as each write is over at once. */
  #room = new Uint8Array(0);

  /**
   * @param who All but the life, which is drawn here.
   * @param keys `null`: all is in clear, or TLS is below.
   */
  constructor(runtime: Runtime, who: Omit<Hello, "bootId">, keys: ChannelKeys | null) {
    const told = runtime.random.bytes(BOOT_ID_BYTES);
    this.#runtime = runtime;
    this.#keys = keys;
    this.#lifeKeys = keys?.staticKeys ?? null;
    this.#introduction = { ...who, bootId: bootIdOf(told) };
    this.self = keys === null
      ? this.#introduction
      : { ...who, bootId: lifeOf(keys.primitives, keys.staticKeys.publicKey, told) };
  }

  /** Whether connections are sealed. */
  get isSealed(): boolean {
    return this.#keys !== null;
  }

  /** The cryptography of a channel under a secret, else `null`. */
  get primitives(): ChannelPrimitives | null {
    return this.#keys?.primitives ?? null;
  }

  /** Handshakes go by other keys from now on; this life goes on. */
  renew(keys: Partial<Omit<ChannelKeys, "primitives">>): void {
    if (this.#keys !== null) this.#keys = { ...this.#keys, ...keys };
  }

  /** The handshake of a dial. @param to See `PlainDialer`. @param accepts See there, too. */
  newDialer(to: string, accepts: (remote: Hello) => Admission): Handshake {
    // The runtime has compared the certificate with what was dialled.
    if (this.#keys === null) return new PlainDialer(this.#plainSelf(() => null), to, accepts);
    const { primitives } = this.#keys;
    return new NoiseDialer(this.#noiseSelf(this.#keys), primitives.preferredCipher, to, accepts);
  }

  /** The handshake of an accepted socket. @param namesOf Whom its certificate names by then. */
  newAcceptor(admitter: Admitter, namesOf: () => readonly string[] | null): Handshake {
    return this.#keys === null
      ? new PlainAcceptor(this.#plainSelf(namesOf), admitter)
      : new NoiseAcceptor(this.#noiseSelf(this.#keys), admitter, this.#seen);
  }

  /** Room for so many bytes, until the next call of this. */
  room(byteCount: number): Uint8Array {
    if (this.#room.length < byteCount) this.#room = new Uint8Array(byteCount);
    return this.#room;
  }

  /** A socket still reads what was lent last: nobody else writes there. */
  giveRoomAway(): void {
    this.#room = new Uint8Array(0);
  }

  #plainSelf(namesOf: () => readonly string[] | null) {
    return {
      introduction: this.#introduction,
      nonce: this.#runtime.random.bytes(NONCE_BYTES),
      get certificateNames() {
        return namesOf();
      },
    };
  }

  #noiseSelf({ primitives, staticKeys, preSharedKeys }: ChannelKeys) {
    const draw = () => primitives.keyPair(this.#runtime.random.bytes(PRIVATE_KEY_BYTES));
    return {
      introduction: this.#introduction,
      certificateNames: null,
      primitives,
      staticKeys,
      lifeKeys: this.#lifeKeys!,
      preSharedKeys,
      ephemeralKeys: lazily(draw),
    };
  }
}

/** A key pair that is made when it is needed: never for those who say nothing that opens. */
function lazily(make: () => KeyPair): KeyPair {
  let keys: KeyPair | null = null;
  const made = () => keys ??= make();
  return {
    get publicKey() {
      return made().publicKey;
    },
    agree: (publicKey) => made().agree(publicKey),
  };
}
