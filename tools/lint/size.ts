/**
 * The rules about size: past them something wants a room of its own.
 *
 * @module
 */

import { projectPath } from "./zones.ts";

/** Lines of a file below `src/`. Precedent: the median of well-kept neighbours is 56 to 281. */
export const SOURCE_FILE_LINES_MAX = 400;
/** Lines of any other file. A test file may list many cases. */
export const OTHER_FILE_LINES_MAX = 700;
/** Lines of a function, its signature included. Precedent: TigerBeetle's 70. */
export const FUNCTION_LINES_MAX = 70;

/** Files end before they become a house. */
export const maxFileLines: Deno.lint.Rule = {
  create(context) {
    const isSource = /^(?:src\/|mod\.ts$)/.test(projectPath(context.filename));
    const max = isSource ? SOURCE_FILE_LINES_MAX : OTHER_FILE_LINES_MAX;
    return {
      Program() {
        const { text } = context.sourceCode;
        const count = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
        if (count <= max) return;
        context.report({
          range: [0, 1],
          message: `The file has ${count} lines, the limit is ${max}.`,
          hint: "Give the part that has a name of its own a file of its own.",
        });
      },
    };
  },
};

/** A function fits on a screen. Tests, which are lists of steps, may be longer. */
export const maxFunctionLines: Deno.lint.Rule = {
  create(context) {
    if (projectPath(context.filename).startsWith("tests/")) return {};
    const visit = (
      node:
        | Deno.lint.FunctionDeclaration
        | Deno.lint.FunctionExpression
        | Deno.lint.ArrowFunctionExpression,
    ) => {
      const [start, end] = node.range;
      const count = context.sourceCode.text.slice(start, end).split("\n").length;
      if (count <= FUNCTION_LINES_MAX) return;
      context.report({
        range: [start, start + 1],
        message: `The function has ${count} lines, the limit is ${FUNCTION_LINES_MAX}.`,
        hint: "Split it where a part can be given a name.",
      });
    };
    return {
      FunctionDeclaration: visit,
      FunctionExpression: visit,
      ArrowFunctionExpression: visit,
    };
  },
};
