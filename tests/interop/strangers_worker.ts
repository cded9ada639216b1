/**
 * Strangers, in a thread of their own: told a port, it opens sockets there that stay half open and
 * tells how many, until its thread ends.
 */

const STRANGERS = 10_000;
/** So many are opened at a time. */
const AT_ONCE = 200;
const TELL_EVERY = 100;

/** What a stranger may begin with: nothing, a header, half a HELLO. */
const BEGINNINGS = [[], [1, 0, 0, 100], [1, 0, 0, 100, 0x46, 0x52, 0x4c, 0x4b, 0, 1, 1, 7, 7]];

const thread = self as unknown as {
  onmessage: (event: { readonly data: number }) => void;
  postMessage(opened: number): void;
};
const sockets: Deno.TcpConn[] = [];
let opened = 0;

async function open(port: number): Promise<void> {
  while (opened < STRANGERS) {
    const turn = opened++;
    if (opened % TELL_EVERY === 0) thread.postMessage(opened);
    try {
      const socket = await Deno.connect({ hostname: "127.0.0.1", port });
      sockets.push(socket);
      const beginning = BEGINNINGS[turn % BEGINNINGS.length]!;
      if (beginning.length > 0) await socket.write(Uint8Array.from(beginning));
    } catch {
      // It was ended while it was opened.
    }
  }
}

thread.onmessage = ({ data: port }) => {
  for (let index = 0; index < AT_ONCE; index++) void open(port);
};
