/**
 * The rule against state that belongs to a module: a runtime, a clock, a counter is handed in.
 *
 * What can be told without types: a `let`, a static field that can be reassigned, and a collection
 * or object made at the top of a module whose type does not say that it stays as it is.
 *
 * @module
 */

import { projectPath, zoneOf } from "./zones.ts";

/**
 * What `new` may make at the top of a module: it keeps nothing from one use to the next. (A decoder
 * does so only with `stream: true`, which no file of `src/` uses: frames are decoded whole.)
 */
const STATELESS: ReadonlySet<string> = new Set(["TextEncoder", "TextDecoder"]);

/** Annotations that forbid a change. */
const READONLY_TYPES: ReadonlySet<string> = new Set([
  "Readonly",
  "ReadonlyArray",
  "ReadonlyMap",
  "ReadonlySet",
]);

interface Loose {
  readonly type: string;
  readonly name?: string;
  readonly operator?: string;
  readonly expression?: Loose;
  readonly typeAnnotation?: Loose;
  readonly typeName?: Loose;
  readonly callee?: Loose;
  readonly arguments?: readonly Loose[];
  readonly properties?: readonly Loose[];
  readonly value?: unknown;
  readonly regex?: { readonly flags: string };
}

/** No mutable state at the top of a module. */
export const noModuleState: Deno.lint.Rule = {
  create(context) {
    if (zoneOf(projectPath(context.filename)) === "outside") return {};
    const report = (node: Deno.lint.Node, message: string) =>
      context.report({
        node,
        message,
        hint:
          "Hand it in, or make it a field of an object; constants are Readonly, `as const` or frozen.",
      });
    return {
      VariableDeclaration(node) {
        if (!isTopLevel(node) || node.declare) return;
        if (node.kind !== "const") {
          report(node, `A top-level ${node.kind} is state of the module.`);
          return;
        }
        for (const declarator of node.declarations) {
          const annotation = (declarator.id as unknown as Loose).typeAnnotation;
          if (isMutable(declarator.init as unknown as Loose | null, annotation)) {
            report(declarator, "A mutable collection or object at the top of a module is state.");
          }
        }
      },
      PropertyDefinition(node) {
        if (!node.static || node.declare) return;
        if (!node.readonly) report(node, "A static field that can be reassigned is state.");
        else if (
          isMutable(
            node.value as unknown as Loose | null,
            node.typeAnnotation as unknown as Loose | undefined,
          )
        ) {
          report(node, "A mutable collection or object in a static field is state.");
        }
      },
    };
  },
};

function isTopLevel(node: Deno.lint.VariableDeclaration): boolean {
  const parent = node.parent as Deno.lint.Node;
  return parent.type === "Program" ||
    (parent.type === "ExportNamedDeclaration" && parent.parent.type === "Program");
}

/** Whether a value can change, as far as its expression and its annotation tell. */
function isMutable(init: Loose | null | undefined, annotation: Loose | undefined): boolean {
  if (!init || isReadonlyType(annotation)) return false;
  switch (init.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
      return !isConstAssertion(init) && !isReadonlyType(init.typeAnnotation) &&
        isMutable(init.expression, undefined);
    case "TSNonNullExpression":
      return isMutable(init.expression, undefined);
    case "ArrayExpression":
      return true;
    case "ObjectExpression":
      return !isTable(init);
    case "NewExpression":
      return !isStateless(init);
    case "Literal":
      // An expression with g or y remembers where it stopped.
      return /[gy]/.test(init.regex?.flags ?? "");
    default:
      return false;
  }
}

/** An object of functions, strings and names of other constants is a table, not a counter. */
function isTable(object: Loose): boolean {
  const properties = object.properties ?? [];
  return properties.length > 0 && properties.every(isTableEntry);
}

function isTableEntry(property: Loose): boolean {
  const value = property.value as Loose | undefined;
  switch (value?.type) {
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "Identifier":
      return true;
    case "Literal":
      return typeof value.value === "string";
    case "ObjectExpression":
      return isTable(value);
    default:
      return false;
  }
}

function isStateless(init: Loose): boolean {
  if (STATELESS.has(init.callee?.name ?? "")) return true;
  // An empty typed array has nothing that could change.
  const [length] = init.arguments ?? [];
  return /^(?:Uint8|BigUint64)Array$/.test(init.callee?.name ?? "") &&
    (length === undefined || (length.type === "Literal" && length.value === 0));
}

function isConstAssertion(node: Loose): boolean {
  return node.typeAnnotation?.typeName?.name === "const";
}

function isReadonlyType(annotation: Loose | undefined): boolean {
  if (!annotation) return false;
  if (annotation.type === "TSTypeAnnotation") return isReadonlyType(annotation.typeAnnotation);
  if (annotation.type === "TSTypeOperator") return annotation.operator === "readonly";
  return annotation.type === "TSTypeReference" &&
    READONLY_TYPES.has(annotation.typeName?.name ?? "");
}
