/**
 * What was seen from outside, taken back: options, the table, words about failures, odd frames.
 */

import type { Mutant } from "./list.ts";

export const CALL_MUTANTS: readonly Mutant[] = [
  {
    name: "flush takes no options, not even right ones",
    file: "options/call_options.ts",
    find: "  problemsOf(options, FLUSH_KEYS).check();\n",
    replace: "  tell(options, FLUSH_KEYS);\n",
    by: "tests/endpoint/flush_test.ts",
  },
  {
    name: "a row that is being superseded has no identifier any more",
    file: "core/link/candidate_set.ts",
    find:
      "    if (member !== undefined && this.#takeOut(id)) (this.#ending ??= new SmallList()).add(member);\n",
    replace: "    if (member !== undefined) this.#takeOut(id);\n",
    by: "tests/endpoint/life_test.ts",
  },
  {
    name: "an alert about this end's certificate is told as one about the other end's",
    file: "connection/failure_text.ts",
    find: '  [/ALERT_CERTIFICATE_EXPIRED/, "own expired"],\n',
    replace: "",
    by: "tests/security/messages_test.ts",
  },
];
