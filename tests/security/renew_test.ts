// Secrets that change while calls run: nobody notices.

import { assert, assertEquals } from "@std/assert";
import { Client, ConfigurationError, type Endpoint } from "../../mod.ts";
import { EndpointPair, Watched } from "../support/endpoints.ts";

const OLD = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const NEW = "flsecret1-_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const STEPS = [[OLD, NEW], [NEW, OLD], [NEW]];

/** Asks one after the other until it is told to stop. */
class Load {
  answered = 0;
  failed: unknown[] = [];
  #isOn = true;
  readonly #done: Promise<void>;

  constructor(endpoint: Endpoint, peer: string) {
    this.#done = this.#loop(endpoint, peer);
  }

  async end(): Promise<void> {
    this.#isOn = false;
    await this.#done;
  }

  async #loop(endpoint: Endpoint, peer: string): Promise<void> {
    for (let number = 0; this.#isOn; number++) {
      try {
        assertEquals(await endpoint.request(peer, "echo", number), number);
        this.answered++;
      } catch (error) {
        this.failed.push(error);
      }
    }
  }
}

Deno.test("renew: a secret is changed in three steps under load, and no call notices", async () => {
  const handlers = { echo: (payload: unknown) => payload };
  await using pair = await EndpointPair.start({ secret: OLD, handlers });
  const { left, right } = pair;
  const loads = [new Load(left.endpoint, "SP20"), new Load(right.endpoint, "SP10")];
  for (const secrets of STEPS) {
    for (const { endpoint } of [left, right]) {
      const [before] = endpoint.connections();
      await endpoint.renew({ secrets });
      const isRenewed = () => {
        const rows = endpoint.connections();
        return rows.length === 1 && rows[0]!.usable && rows[0]!.identifier > before!.identifier;
      };
      while (!isRenewed()) {
        await endpoint.request(endpoint === left.endpoint ? "SP20" : "SP10", "echo");
      }
    }
  }
  await Promise.all(loads.map((load) => load.end()));
  assertEquals(loads.map(({ failed }) => failed), [[], []]);
  assert(loads.every(({ answered }) => answered > 0));
  for (const { events } of [left, right]) {
    assertEquals(events.filter(({ type }) => ["lost", "peer-restarted"].includes(type)), []);
  }
  const { port } = left.endpoint.address;
  const error = await Client.connect({ hostname: "127.0.0.1", port, secret: OLD }).catch((e) => e);
  assertEquals(error.code, "proof-mismatch");
  await using client = await Client.connect({ hostname: "127.0.0.1", port, secret: NEW });
  assertEquals(await client.request("echo", 7), 7);
});

Deno.test("renew: what cannot work changes nothing", async () => {
  await using sealed = await Watched.start({ name: "A", listen: { port: 0 }, secret: OLD });
  await using open = await Watched.start({ name: "B", listen: { port: 0 } });
  const problemsOf = async (endpoint: Endpoint, secrets: object) => {
    const error = await endpoint.renew(secrets).then(() => null, (error) => error);
    assert(error instanceof ConfigurationError);
    return error.problems;
  };
  assertEquals(await problemsOf(sealed.endpoint, {}), [
    "secrets: expected an array of secrets: the first is dialled with",
  ]);
  assertEquals((await problemsOf(sealed.endpoint, { secret: "short" })).length, 1);
  assertEquals((await problemsOf(sealed.endpoint, { secret: OLD, secrets: [OLD] })).length, 1);
  assertEquals(await problemsOf(open.endpoint, { secret: OLD }), [
    "secrets: expected an endpoint that was started with a secret",
  ]);
});
