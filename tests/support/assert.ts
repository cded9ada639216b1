/**
 * Stands in for `@std/assert` where the JSR registry cannot be reached: the functions of it that
 * the tests use, with the same names and signatures, over `node:assert`.
 *
 * Tests always import `@std/assert`; `tools/test.ts` maps the name to this file when it has to.
 * Where the two differ this one is the stricter (it tells `0` from `-0`, and an object without a
 * prototype from a plain one), so a test that passes here passes there.
 *
 * @module
 */

import { AssertionError, deepStrictEqual, strictEqual } from "node:assert";
import { inspect } from "node:util";

export { AssertionError };

type ErrorClass<E extends Error> = abstract new (...parameters: never[]) => E;

/** Fails unless the expression is truthy. */
export function assert(expression: unknown, msg = ""): asserts expression {
  if (!expression) fail(msg);
}

/** Fails unless the expression is falsy. */
export function assertFalse(expression: unknown, msg = ""): void {
  if (expression) fail(msg || `Expected a falsy value, got ${show(expression)}`);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  withDifference(() => deepStrictEqual(actual, expected), msg);
}

/** Fails unless both are the same value, as `Object.is` has it. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  withDifference(() => strictEqual(actual, expected), msg);
}

/** Fails if the value is `undefined` or `null`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) fail(msg ?? `Expected a value, got ${actual}`);
}

/** Fails unless the text matches the expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) fail(msg ?? `Expected ${show(actual)} to match ${expected}`);
}

/** Fails unless the text contains the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    fail(msg ?? `Expected ${show(actual)} to contain ${show(expected)}`);
  }
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<T extends abstract new (...parameters: never[]) => unknown>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    fail(msg || `Expected an instance of ${expectedType.name}, got ${show(actual)}`);
  }
}

/** Fails unless `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) fail(msg ?? `Expected ${show(actual)} > ${show(expected)}`);
}

/** Fails unless `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) fail(msg ?? `Expected ${show(actual)} < ${show(expected)}`);
}

/** Fails unless `actual` is less than `expected` or equal to it. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) fail(msg ?? `Expected ${show(actual)} <= ${show(expected)}`);
}

/** Fails unless the function throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless the function throws an error of the class whose message contains the text. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    if (typeof classOrMsg === "function") checkError(error, classOrMsg, msgIncludes, msg);
    return error;
  }
  return fail(messageOf(classOrMsg, msg) ?? "Expected the function to throw");
}

/** Fails unless the promise rejects; returns what it rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise rejects with an error of the class whose message contains the text. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    return fail(`Expected the function to reject, but it threw ${show(error)}`);
  }
  try {
    await promise;
  } catch (error) {
    if (typeof classOrMsg === "function") checkError(error, classOrMsg, msgIncludes, msg);
    return error;
  }
  return fail(messageOf(classOrMsg, msg) ?? "Expected the function to reject");
}

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError({ message: msg || "Failed assertion", stackStartFn: fail });
}

/** Keeps the printed difference beside the message: node:assert prints one or the other. */
function withDifference(compare: () => void, msg: string | undefined): void {
  try {
    compare();
  } catch (error) {
    if (msg === undefined || !(error instanceof AssertionError)) throw error;
    throw new AssertionError({
      message: `${msg}\n${error.message}`,
      stackStartFn: withDifference,
    });
  }
}

function checkError(
  error: unknown,
  expected: ErrorClass<Error>,
  msgIncludes: string | undefined,
  msg: string | undefined,
): void {
  if (!(error instanceof expected)) {
    fail(msg ?? `Expected an error of class ${expected.name}, got ${show(error)}`);
  }
  if (msgIncludes !== undefined && !error.message.includes(msgIncludes)) {
    fail(msg ?? `Expected the message to contain ${show(msgIncludes)}: ${show(error.message)}`);
  }
}

function messageOf(classOrMsg: unknown, msg: string | undefined): string | undefined {
  return typeof classOrMsg === "string" ? classOrMsg : msg;
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : inspect(value);
}
