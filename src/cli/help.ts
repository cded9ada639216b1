/**
 * The help texts: 80 columns.
 *
 * @module
 */

const EXIT_CODES = `Exit codes:
  0   done
  1   an answer came, and it was an error
  2   no connection, or no answer; "delivery" tells what is known about the
      execution: not-sent, not-executed or maybe-executed
  64  the command line is wrong
  66  a file cannot be read
  69  unavailable: the address cannot be listened on, or something is not here
  70  fenced: another living process owns this endpoint's name
  78  the configuration is wrong`;

const TLS_OPTIONS = `  --ca FILE           TLS: the authorities that may have signed the other end's
                      certificate, PEM
  --cert FILE         TLS: the own certificate, PEM
  --key FILE          TLS: its private key, PEM
  --server-name NAME  TLS: the name that the dialled certificate must carry,
                      where it is neither the endpoint's nor the dialled host`;

const CONNECTION_OPTIONS = `  --timeout MS        how long to wait, in milliseconds (default 5000)
  --secret TEXT       the secret that the endpoint wants; the process list shows
                      it to others, unlike the next two
  --secret-file FILE  the same from a file; without either, $FRESHLINK_SECRET
  --name NAME         the caller's name as handlers see it (default: client- and
                      random digits; with TLS the first name in --cert)
  --to NAME           the endpoint's name: refuse any other that answers
${TLS_OPTIONS}`;

/** What `freshlink --help` prints. */
export const GENERAL_HELP: string = `freshlink: one live link to every peer process.

  freshlink serve CONFIG --handlers FILE   run one server process
  freshlink call ADDRESS SERVICE [JSON]    ask a running endpoint, as a client
  freshlink table ADDRESS                  print its connection table
  freshlink watch ADDRESS                  the same, live
  freshlink inspect ADDRESS                a page with all of it, in a browser
  freshlink dump ADDRESS                   what its links were told and decided
  freshlink keygen --secret | FILE         make a secret, or an identity
  freshlink demo                           three processes, a crash, a restart

  --json       print JSON, one value a line; an error is
               {"error": {"code", "message", "delivery", "problems"}}
  --help       this, or more about a command: freshlink serve --help
  --version    the version

ADDRESS is host:port, for instance 127.0.0.1:11000 or [::1]:11000.

${EXIT_CODES}
`;

/** What `freshlink COMMAND --help` prints. */
export const COMMAND_HELP: Readonly<Record<string, string>> = Object.freeze({
  serve: `freshlink serve CONFIG --handlers FILE [options]

Runs one server process until SIGINT or SIGTERM; then it finishes what is open,
for drainMs at most, and ends. A second signal ends it at once (exit code 130).
Prints a line when it listens and a line for each event.

  CONFIG           a JSON file with the options of Endpoint.start:
                   {
                     "name": "SP10",
                     "listen": { "hostname": "127.0.0.1", "port": 11000 },
                     "peers": [
                       { "name": "SP20", "hostname": "10.0.0.2", "port": 11000 }
                     ]
                   }
                   "peers" may be the path of a file with such an array. Instead
                   of "secret": "secretFile"; in "tls": "certificateFile",
                   "privateKeyFile", "authoritiesFile". Paths are relative to
                   CONFIG. Without a secret and TLS in it, $FRESHLINK_SECRET is
                   used where set. Another secret, identity or certificate in
                   these files is taken while it runs. Every key is listed by
                   docs/config.schema.json.
  --handlers FILE  a module that exports "handlers", or by default, an object
                   { service: handler }, or a function that gets the endpoint
                   and returns such an object or a promise of it
  --fenced-wait-max MS
                   when another living process has taken its name, it serves no
                   more, says so and waits before it ends with exit code 70:
                   twice as long as it was there, at least 1 s and at most this
                   (default 600000; 0: it ends at once)
  --inspect PORT   show a page with the table, the links, the calls and the
                   events on 127.0.0.1:PORT
  --health-port PORT
                   answers GET /livez and GET /readyz there with 200 or 503,
                   on the host name that it listens on
  --ready-groups NAMES
                   groups, with commas between them, of which a member must take
                   calls before /readyz says so
  --drain-delay MS on SIGTERM /readyz says no for so long before it closes (0)
  --instances N    N processes, one a member of the group of CONFIG, on the
                   port of CONFIG and those after it (and of --health-port);
                   what ends by itself is started again
  --inspect PORT   show a page with the table, the links, the calls and the
                   events on 127.0.0.1:PORT
  --json           events as JSON, one a line; the first line is
                   {"type": "listening", "name", "bootId", "address"}

Instead of "tls" in CONFIG:

${TLS_OPTIONS}

  freshlink serve SP10.json --handlers orders.ts

${EXIT_CODES}
`,
  call: `freshlink call ADDRESS SERVICE [JSON] [options]

Asks a running endpoint as a client, and prints the answer as JSON ("done" where
the handler returned nothing). JSON is the payload; with - it is read from
standard input.

${CONNECTION_OPTIONS}
  --idempotent        it may be executed more than once: when the endpoint's
                      process is another one, it is sent again
  --notify            tell, and do not wait for an answer
  --progress          show what the handler tells meanwhile, with
                      caller.notify("progress", ...), on standard error
  --json              one line: {"answer": ...}, or {"sent": true} of --notify;
                      with --progress lines {"progress": ...} before it

  freshlink call 127.0.0.1:11000 order '{"item": "tea", "count": 2}'
  freshlink call 127.0.0.1:11000 add -- -5
  freshlink call 127.0.0.1:11000 order - < order.json

${EXIT_CODES}
`,
  table: `freshlink table ADDRESS [options]

Prints the connection table of a running endpoint:

  peer    whose connection it is
  remote  the other end of the socket
  port    where the peer listens for connections of its own
  fd      the file descriptor; - where the runtime does not tell it
  id      the identifier: of two rows for one peer the greater one is newer
  since   time of establishment: month, day and time, UTC; --json has it with
          microseconds
  use     * is the connection that is used
  dir     who dialled: in or out
  boot    which life of the peer's process: its first digits
  rtt     the last round trip, in milliseconds
  req     requests that wait for an answer

Below it, groups with their members and what is open at each; then peers to
which there is no connection: since when, what waits for them, and why the last
attempt to connect failed; then the clients, but for this one.

${CONNECTION_OPTIONS}
  --json              one line: {"name", "bootId", "address", "rows", "peers",
                      "clients"}

${EXIT_CODES}
`,
  watch: `freshlink watch ADDRESS [options]

Prints the connection table of a running endpoint again and again, until SIGINT
or, on a terminal, the key q. Goes on while the endpoint is away, and says since
when: on a terminal with the last table, dimmed. Only the first look has to
succeed; a later one has failed after a second.
freshlink table --help explains the columns.

  --every MS          how often to look, in milliseconds (default 500)
${CONNECTION_OPTIONS}
  --json              a line for each look, as freshlink table --json has it, or
                      an error

${EXIT_CODES}
`,
  inspect: `freshlink inspect ADDRESS [--port PORT] [options]

Serves a page on 127.0.0.1 that shows what a running endpoint sees, as it
changes: its connection table, its links and their history, its calls and its
events. It reads only. Runs until SIGINT.

  --port PORT         where the page is (default: a free port, which is printed)
${CONNECTION_OPTIONS}
  --json              the line with the address as JSON: {"type": "inspector",
                      "url"}

  freshlink inspect 127.0.0.1:11000 --port 9230

${EXIT_CODES}
`,
  dump: `freshlink dump ADDRESS [options]

Prints what the flight recorder of a running endpoint has, as JSON: the last
that each link was told and decided, the last events, the table. "playFlight"
of freshlink/simulator plays it again.

${CONNECTION_OPTIONS}
  --json              in one line

  freshlink dump 127.0.0.1:11000 > night.json

${EXIT_CODES}
`,
  keygen: `freshlink keygen --secret | FILE [--json]

Makes a secret for "secret", or an identity: writes a private key to a new FILE
that only its owner can read, for "identity", and prints the public key, which
the definitions of its peers carry as "publicKey".

  --secret     prints a secret: 32 random bytes, used as they are
  --json       one line: {"secret"}, or {"publicKey"}

${EXIT_CODES}
`,
  demo: `freshlink demo [--identifier counter|clock] [--inspect] [--json]

Runs the demonstration of a checkout: three server processes on three runtimes,
a crash, a restart, and not one time-out. Needs examples/orders, which only the
repository has, and Deno.

${EXIT_CODES}
`,
});
