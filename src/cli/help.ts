/**
 * The help texts.
 *
 * @module
 */

const EXIT_CODES = `Exit codes:
  0   done
  1   an answer came, and it was an error
  2   no connection, or no answer in time (--json: "delivery" tells what is known)
  64  the command line is wrong
  66  a file cannot be read
  69  something that is needed is not here
  70  fenced: another living process owns this endpoint's name
  78  the configuration is wrong`;

const CONNECTION_OPTIONS = `  --timeout MS        how long to wait, in milliseconds (default 5000)
  --secret-file FILE  the secret that the endpoint wants; else $FRESHLINK_SECRET
  --to NAME           the endpoint's name: refuse any other that answers`;

/** What `freshlink --help` prints. */
export const GENERAL_HELP: string = `freshlink: one live link to every peer process.

  freshlink serve CONFIG --handlers FILE   run one server process
  freshlink call ADDRESS SERVICE [JSON]    ask a running endpoint, as a client
  freshlink table ADDRESS                  print a running endpoint's connections
  freshlink watch ADDRESS                  the same, live
  freshlink demo                           three processes, a crash, a restart

  --json       print JSON, one value a line; errors too
  --help       this, or more about a command: freshlink serve --help
  --version    the version

ADDRESS is host:port, for instance 127.0.0.1:11000 or [::1]:11000.

${EXIT_CODES}
`;

/** What `freshlink COMMAND --help` prints. */
export const COMMAND_HELP: Readonly<Record<string, string>> = Object.freeze({
  serve: `freshlink serve CONFIG --handlers FILE [--json]

Runs one server process until SIGINT or SIGTERM; then it closes in good order. Prints a line when
it listens and a line for each event.

  CONFIG            a JSON file with the options of Endpoint.start (docs/config.schema.json):
                    {
                      "name": "SP10",
                      "listen": { "hostname": "127.0.0.1", "port": 11000 },
                      "peers": [{ "name": "SP20", "hostname": "10.0.0.2", "port": 11000 }]
                    }
                    Also "secretFile", and "tls" with "certificateFile", "privateKeyFile" and
                    "authoritiesFile". Paths are relative to CONFIG. Without any secret in it,
                    $FRESHLINK_SECRET is used where it is set.
  --handlers FILE   a module whose default export is an object { service: handler }, or a function
                    that gets the endpoint and returns such an object
  --json            events as JSON, one a line; the first is {"type": "listening", ...}

${EXIT_CODES}
`,
  call: `freshlink call ADDRESS SERVICE [JSON] [options]

Asks a running endpoint as a client, and prints the answer.

${CONNECTION_OPTIONS}
  --idempotent        it may be executed more than once: try again when the connection breaks
  --notify            tell, do not wait for an answer
  --json              the answer as {"answer": ...} in one line

  freshlink call 127.0.0.1:11000 order '{"item": "tea", "count": 2}'

${EXIT_CODES}
`,
  table: `freshlink table ADDRESS [options]

Prints the connection table of a running endpoint.

${CONNECTION_OPTIONS}
  --json              one line of JSON with name, bootId, address and rows

Of two rows for one peer, the one with the greater ID is newer; * marks the one that is used.

${EXIT_CODES}
`,
  watch: `freshlink watch ADDRESS [options]

Prints the connection table of a running endpoint again and again, until SIGINT.

  --every MS          how often to look, in milliseconds (default 500)
${CONNECTION_OPTIONS}
  --json              a line of JSON for each look

${EXIT_CODES}
`,
  demo: `freshlink demo [--identifier counter|clock] [--json]

Runs the demonstration of a checkout: three server processes on three runtimes, a crash, a restart,
and not one time-out. Needs examples/orders, which only the repository has, and Deno.

${EXIT_CODES}
`,
});
