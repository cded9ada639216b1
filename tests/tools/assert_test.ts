/** What the stand-in for `@std/assert` promises: each function can pass, and each can fail. */

import * as standIn from "../support/assert.ts";

// The annotations are what assertion functions demand of an alias.
const assertThrows: typeof standIn.assertThrows = standIn.assertThrows;

class Special extends Error {}

const CASES: readonly [name: string, passes: () => unknown, fails: () => unknown][] = [
  ["assert", () => standIn.assert(1), () => standIn.assert("")],
  ["assertFalse", () => standIn.assertFalse(0), () => standIn.assertFalse("x")],
  [
    "assertEquals",
    () => standIn.assertEquals({ a: [1, new Map([[1, 2]])] }, { a: [1, new Map([[1, 2]])] }),
    () => standIn.assertEquals<unknown>({ a: 1, b: undefined }, { a: 1 }),
  ],
  [
    "assertStrictEquals",
    () => standIn.assertStrictEquals(NaN, NaN),
    () => standIn.assertStrictEquals({}, {}),
  ],
  ["assertExists", () => standIn.assertExists(0), () => standIn.assertExists(null)],
  ["assertMatch", () => standIn.assertMatch("ab", /b/), () => standIn.assertMatch("ab", /c/)],
  [
    "assertStringIncludes",
    () => standIn.assertStringIncludes("ab", "b"),
    () => standIn.assertStringIncludes("ab", "c"),
  ],
  [
    "assertInstanceOf",
    () => standIn.assertInstanceOf(new Special(), Error),
    () => standIn.assertInstanceOf(new Error(), Special),
  ],
  ["assertGreater", () => standIn.assertGreater(2, 1), () => standIn.assertGreater(1, 1)],
  ["assertLess", () => standIn.assertLess(1, 2), () => standIn.assertLess(1, 1)],
  [
    "assertLessOrEqual",
    () => standIn.assertLessOrEqual(1, 1),
    () => standIn.assertLessOrEqual(2, 1),
  ],
];

for (const [name, passes, fails] of CASES) {
  Deno.test(`${name}() passes and fails when it should`, () => {
    passes();
    assertThrows(fails, standIn.AssertionError);
  });
}

Deno.test("assertThrows() tells a wrong class, a wrong message and a missing throw", () => {
  const error = new Special("the reason");
  const throws = () => {
    throw error;
  };
  standIn.assertStrictEquals(assertThrows(throws, Special, "reason"), error);
  for (
    const fails of [
      () => assertThrows(throws, TypeError),
      () => assertThrows(throws, Special, "another"),
      () => assertThrows(() => 1),
    ]
  ) {
    // Without assertThrows, which is on trial here.
    let failure: unknown;
    try {
      fails();
    } catch (thrown) {
      failure = thrown;
    }
    standIn.assertInstanceOf(failure, standIn.AssertionError);
  }
});

Deno.test("assertRejects() tells a wrong class, a fulfilled promise and a synchronous throw", async () => {
  const error = new Special("the reason");
  const rejects = () => Promise.reject(error);
  standIn.assertStrictEquals(await standIn.assertRejects(rejects, Special, "reason"), error);
  const fulfilled: unknown = await standIn.assertRejects(() =>
    standIn.assertRejects(() => Promise.resolve(1))
  );
  standIn.assertInstanceOf(fulfilled, standIn.AssertionError);
  await standIn.assertRejects(
    () => standIn.assertRejects(rejects, TypeError),
    standIn.AssertionError,
  );
  await standIn.assertRejects(
    () =>
      standIn.assertRejects(() => {
        throw error;
      }),
    standIn.AssertionError,
    "but it threw",
  );
});

Deno.test("fail() throws, and a message keeps the difference", () => {
  assertThrows(() => standIn.fail("why"), standIn.AssertionError, "why");
  const error = assertThrows(() => standIn.assertEquals(1, 2, "the sum"), Error, "the sum");
  standIn.assertStringIncludes(error.message, "2");
});
