// What the crash lab on real kernels is compared with.

import { assertEquals } from "@std/assert";
import { predict } from "../../tools/crashlab/prediction.ts";
import { SCENARIOS } from "../../tools/crashlab/scenarios.ts";

Deno.test("crash lab: the simulator has a prediction for every scenario with a survivor", async () => {
  for (const scenario of SCENARIOS) {
    assertEquals(await predict(scenario) === null, scenario.name === "both", scenario.name);
  }
});
