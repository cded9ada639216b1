/** The mutants of streams: windows, borrowing, ends. See `list.ts`. */

import type { Mutant } from "./list.ts";

/** All of them. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    name: "items are sent beyond the window",
    file: "core/flow/item_source.ts",
    find: "const roomBytes = this.#limit - this.#sent - (isFirst ? ITEM_COST_BYTES : 0);",
    replace: "const roomBytes = PIECE_MAX_BYTES - (isFirst ? ITEM_COST_BYTES : 0);",
    by: "tests/core/streams_test.ts",
  },
  {
    name: "a receiver takes items beyond the window",
    file: "core/flow/item_sink.ts",
    find: '    if (this.#received > this.#told) return "limit-exceeded";\n',
    replace: "",
    by: "tests/core/streams_test.ts",
  },
  {
    name: "a large item borrows before its consumer waits",
    file: "core/flow/item_sink.ts",
    find: "    if (this.#receiver !== null) this.#askForMore();\n",
    replace: "    this.#askForMore();\n",
    by: "tests/core/streams_test.ts",
  },
  {
    name: "an item that does not fit waits for ever",
    file: "core/flow/item_sink.ts",
    find: "      this.#owner.account.ask(this);\n",
    replace: "",
    by: "tests/core/streams_walk_test.ts",
  },
  {
    name: "larger windows do not come back",
    file: "core/flow/item_sink.ts",
    find: "    if (bytes > 0) this.#owner.growth.giveBack(bytes);\n",
    replace: "",
    by: "tests/core/streams_walk_test.ts",
  },
  {
    name: "a window is told only when half of it is taken",
    file: "core/flow/item_sink.ts",
    find:
      "    return moreBytes > 0 && partial !== null && this.#receiver !== null &&\n      partial.endsAt > this.#told;\n",
    replace: "    return partial !== null && moreBytes < 0;\n",
    by: "tests/core/streams_walk_test.ts",
  },
  {
    name: "a stream is free before its request has ended",
    file: "core/session/streams.ts",
    find: "source !== null && !source.isEnded) return;",
    replace: "source === null && number < 0) return;",
    by: "tests/core/streams_walk_test.ts",
  },
  {
    name: "a stream that is given up is told to nobody",
    file: "core/session/streams.ts",
    find: "    if (!stream.sink!.hasEnded) this.#scheduler.stop(stream.sink!);\n    stream.source",
    replace: "    stream.source",
    by: "tests/core/streams_test.ts",
  },
  {
    name: "the request goes on when its answer has ended",
    file: "core/session/streams.ts",
    find: "      stream.source?.abandon(DONE);\n    }\n",
    replace: "    }\n",
    by: "tests/core/streams_test.ts",
  },
];
