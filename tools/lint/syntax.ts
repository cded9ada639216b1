/**
 * The rules about syntax: what Node's type stripping cannot run, what the plugin cannot see, and
 * the one way to write a private member.
 *
 * @module
 */

import { projectPath, zoneOf } from "./zones.ts";

/**
 * What Node cannot strip and the compiler's `erasableSyntaxOnly` lets pass; enums, namespaces and
 * parameter properties are the compiler's.
 */
export const erasableSyntax: Deno.lint.Rule = {
  create(context) {
    const report = (node: Deno.lint.Node, what: string) =>
      context.report({
        node,
        message: `${what} cannot be stripped: Node refuses the file.`,
        hint: "Write a function call, or a field with a getter.",
      });
    return {
      Decorator: (node) => report(node, "A decorator"),
      AccessorProperty: (node) => report(node, "An auto-accessor"),
    };
  },
};

/** `src/` runs on Node 20 as it is; `using` is for the users of newer ones, and for tests. */
export const noUsingInSource: Deno.lint.Rule = {
  create(context) {
    if (zoneOf(projectPath(context.filename)) === "outside") return {};
    return {
      VariableDeclaration(node) {
        if (node.kind !== "using" && node.kind !== "await using") return;
        context.report({
          node,
          message: `Node 20 cannot parse \`${node.kind}\`.`,
          hint: "Use try and finally.",
        });
      },
    };
  },
};

/** `#name` is private at run time as well. A constructor has no other spelling and may stay. */
export const noPrivateKeyword: Deno.lint.Rule = {
  create(context) {
    const visit = (
      node: Deno.lint.MethodDefinition | Deno.lint.PropertyDefinition | Deno.lint.AccessorProperty,
    ) => {
      const isConstructor = node.type === "MethodDefinition" && node.kind === "constructor";
      if (node.accessibility !== "private" || isConstructor) return;
      context.report({
        range: node.range,
        message: "The keyword private holds for the type checker alone.",
        hint: "Write #name.",
      });
    };
    return { MethodDefinition: visit, PropertyDefinition: visit, AccessorProperty: visit };
  },
};

/**
 * A stray semicolon is an empty statement, and Deno 2.9 shows a plugin nothing of a list after one:
 * every other rule here would be blind for the rest of it.
 */
export const noEmptyStatement: Deno.lint.Rule = {
  create(context) {
    const check = (node: Deno.lint.Node, statements: readonly Deno.lint.Node[], end: number) => {
      const from = statements.at(-1)?.range[1] ?? node.range[0];
      const rest = context.sourceCode.text.slice(from, end);
      const code = rest.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").replace(/^\s*\{/, "");
      if (!code.includes(";")) return;
      context.report({
        range: [from, Math.max(from + 1, end)],
        message: "An empty statement hides what follows it from this plugin.",
        hint: "Remove the semicolon; deno fmt does.",
      });
    };
    return {
      Program: (node) => check(node, node.body as Deno.lint.Node[], context.sourceCode.text.length),
      BlockStatement: (node) => check(node, node.body as Deno.lint.Node[], node.range[1]),
      StaticBlock: (node) => check(node, node.body as Deno.lint.Node[], node.range[1]),
      ClassBody: (node) => check(node, node.body as Deno.lint.Node[], node.range[1]),
    };
  },
};
