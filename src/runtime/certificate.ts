/**
 * Whom a certificate names, read from its bytes (DER).
 *
 * What runtimes print of a certificate is no good for this: some join the alternative names by
 * commas without quoting, so one name that holds `a, DNS:SP10, DNS:b` reads as three. Here a name
 * is what one field holds, whole.
 *
 * Names are: the alternative names that are DNS names, IP addresses or URIs; where a certificate
 * has no alternative names at all, its one common name. E-mail addresses are none, nor is a common
 * name beside alternative names. They are compared exactly: no wildcards, no folding of case.
 *
 * Nothing here says that a certificate is genuine: TLS has verified that.
 *
 * The fields are those of RFC 5280 (4.1 and 4.2.1.6), their bytes those of X.690.
 *
 * @module
 */

/** Tags (X.690, 8.1.2), with the class and the constructed bit. */
const TAG = {
  boolean: 0x01,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
  uri: 0x86,
  ipAddress: 0x87,
} as const;

const COMMON_NAME = "55 04 03";
const SUBJECT_ALTERNATIVE_NAME = "55 1d 11";

/**
 * The names in a certificate, in their order.
 *
 * @param der The certificate, and nothing after it.
 * @returns `null` where it is none, or is not written as DER prescribes.
 */
export function certificateNames(der: Uint8Array): readonly string[] | null {
  try {
    return namesOf(der);
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

/** The bytes of the first certificate in a PEM text; `null` where there is none. */
export function firstCertificate(pem: string): Uint8Array | null {
  const match = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem);
  if (match === null) return null;
  try {
    return Uint8Array.from(atob(match[1]!.replaceAll(/\s/g, "")), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

class MalformedError extends Error {}

function namesOf(der: Uint8Array): string[] {
  const outer = new Reader(der);
  const certificate = outer.enter(TAG.sequence);
  outer.end();
  const body = certificate.enter(TAG.sequence);
  body.skipIf(TAG.version);
  // Serial number, algorithm, issuer, validity.
  for (let field = 0; field < 4; field++) body.skip();
  const subject = body.enter(TAG.sequence);
  body.skip();
  while (!body.isAtEnd && body.tag !== TAG.extensions) body.skip();
  const alternative = body.isAtEnd ? null : alternativeNames(body.enter(TAG.extensions));
  return alternative ?? commonNames(subject);
}

/** `null` where the certificate has no such extension. */
function alternativeNames(wrapper: Reader): string[] | null {
  const extensions = wrapper.enter(TAG.sequence);
  wrapper.end();
  let found: string[] | null = null;
  while (!extensions.isAtEnd) {
    const extension = extensions.enter(TAG.sequence);
    const oid = extension.oid();
    extension.skipIf(TAG.boolean);
    const value = new Reader(extension.take(TAG.octetString));
    extension.end();
    if (oid !== SUBJECT_ALTERNATIVE_NAME) continue;
    // Two of them are forbidden: whose would count?
    if (found !== null) throw new MalformedError();
    found = generalNames(value.enter(TAG.sequence));
    value.end();
  }
  return found;
}

function generalNames(names: Reader): string[] {
  const found: string[] = [];
  while (!names.isAtEnd) {
    const { tag } = names;
    const bytes = names.take(tag);
    const name = tag === TAG.dnsName || tag === TAG.uri
      ? asciiText(bytes)
      : tag === TAG.ipAddress
      ? addressText(bytes)
      : null;
    if (name !== null && name !== "") found.push(name);
  }
  return found;
}

/** The one common name. Of two nobody knows which is meant: then there is none. */
function commonNames(subject: Reader): string[] {
  const found: string[] = [];
  while (!subject.isAtEnd) {
    const set = subject.enter(TAG.set);
    while (!set.isAtEnd) {
      const attribute = set.enter(TAG.sequence);
      const oid = attribute.oid();
      const { tag } = attribute;
      const bytes = attribute.take(tag);
      attribute.end();
      if (oid !== COMMON_NAME) continue;
      const name = tag === TAG.utf8
        ? utf8Text(bytes)
        : tag === TAG.printable || tag === TAG.ia5
        ? asciiText(bytes)
        : null;
      found.push(name ?? "");
    }
  }
  return found.length === 1 && found[0] !== "" ? found : [];
}

/** An IA5String; `null` where it holds what no such string may. */
function asciiText(bytes: Uint8Array): string | null {
  return bytes.every((byte) => byte < 0x80) ? utf8Text(bytes) : null;
}

function utf8Text(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** An address as it is written; `null` where it is neither IPv4 nor IPv6. */
function addressText(bytes: Uint8Array): string | null {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return null;
  const groups = Array.from({ length: 8 }, (_, at) => bytes[2 * at]! * 256 + bytes[2 * at + 1]!);
  // The URL parser writes an address the one way that RFC 5952 prescribes.
  const text = groups.map((group) => group.toString(16)).join(":");
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** Reads DER values, one after the other. What does not fit throws a `MalformedError`. */
class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The next value's tag. */
  get tag(): number {
    const tag = this.#bytes[this.#offset];
    // Tags of more than one byte occur in no certificate.
    if (tag === undefined || (tag & 0x1f) === 0x1f) throw new MalformedError();
    return tag;
  }

  /** The content of the next value, which must have this tag. */
  take(tag: number): Uint8Array {
    if (this.tag !== tag) throw new MalformedError();
    this.#offset++;
    const length = this.#length();
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new MalformedError();
    const content = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return content;
  }

  enter(tag: number): Reader {
    return new Reader(this.take(tag));
  }

  skip(): void {
    this.take(this.tag);
  }

  skipIf(tag: number): void {
    if (!this.isAtEnd && this.tag === tag) this.skip();
  }

  /** An object identifier, as the bytes are. */
  oid(): string {
    const bytes = Array.from(this.take(TAG.oid), (byte) => byte.toString(16).padStart(2, "0"));
    return bytes.join(" ");
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.isAtEnd) throw new MalformedError();
  }

  /** DER: a definite length, in as few bytes as it needs. */
  #length(): number {
    const first = this.#bytes[this.#offset++];
    if (first === undefined) throw new MalformedError();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // Three bytes are 16 MiB: no certificate needs more.
    if (count === 0 || count > 3) throw new MalformedError();
    let length = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined || (index === 0 && byte === 0)) throw new MalformedError();
      length = length * 256 + byte;
    }
    if (length < 0x80) throw new MalformedError();
    return length;
  }
}
