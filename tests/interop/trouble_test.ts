// Links that cannot come about, on Bun and Node: what the caller and the console are told.
// `endpoint/trouble_test.ts` does the same on Deno.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import { TROUBLES } from "../support/trouble.ts";
import type { Told, TroubleOrder } from "./trouble_program.ts";

const PROGRAM = `${import.meta.dirname}/trouble_program.ts`;

for (const runtime of ["bun", "node"] as const) {
  Deno.test(`the cause of a timeout is the last link error, told once, on ${runtime}`, async () => {
    await using program = await OrderedProcess.start<TroubleOrder>({ runtime, program: PROGRAM });
    for (const { title, causes, text } of TROUBLES) {
      const told = await program.order<Told>({ title });
      assertEquals(told.code, "timeout", title);
      assert(causes.some((code) => code === told.cause), `${title}: ${told.cause}`);
      assertMatch(told.text, text);
      // Once as the one who dials, once as the one who is dialled, whose trouble TLS tells apart.
      const { lines } = told;
      assert(lines.length >= 1 && lines.length <= 3, lines.join("\n"));
      assert(lines.every((line) => line.startsWith("freshlink 'SP10': no link ")), lines[0]);
      assertEquals(new Set(lines).size, lines.length, lines.join("\n"));
    }
  });

  Deno.test(`endpoints on localhost without a name know each other on ${runtime}`, async () => {
    await using program = await OrderedProcess.start<TroubleOrder>({ runtime, program: PROGRAM });
    const answer = await program.order<{ names: string[]; echo: unknown }>({ localhost: true });
    assertEquals(answer.names, ["localhost:PORT", "localhost:PORT"]);
    assertEquals(answer.echo, 1);
  });
}
