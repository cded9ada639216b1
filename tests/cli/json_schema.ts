/**
 * As much of JSON Schema 2020-12 as the schemas in docs/ use. An unknown keyword is an error, so
 * that nothing in them goes unchecked.
 */

/** A schema, or a part of one. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly default?: unknown;
  readonly [keyword: string]: unknown;
}

type Check = (expected: never, value: never, schema: Schema, root: Schema) => boolean;

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
};

const ANNOTATIONS = ["$schema", "$defs", "title", "description", "default"];

const CHECKS: Readonly<Record<string, Check>> = {
  type: (type: string, value) => TYPES[type]!(value),
  enum: (values: unknown[], value) => values.includes(value),
  minimum: (min: number, value) => typeof value !== "number" || value >= min,
  maximum: (max: number, value) => typeof value !== "number" || value <= max,
  minLength: (min: number, value: unknown) => typeof value !== "string" || value.length >= min,
  maxLength: (max: number, value: unknown) => typeof value !== "string" || value.length <= max,
  pattern: (pattern: string, value: unknown) =>
    typeof value !== "string" || new RegExp(pattern, "u").test(value),
  required: (keys: string[], value) => !isObject(value) || keys.every((key) => key in value),
  properties: (properties: Record<string, Schema>, value, _schema, root) =>
    !isObject(value) ||
    Object.entries(properties).every(([key, part]) =>
      !(key in value) || fits(part, value[key], root)
    ),
  additionalProperties: (_none: false, value, { properties = {} }) =>
    !isObject(value) || Object.keys(value).every((key) => key in properties),
  minItems: (min: number, value: unknown) => !Array.isArray(value) || value.length >= min,
  items: (part: Schema, value: unknown, _schema, root) =>
    !Array.isArray(value) || value.every((item) => fits(part, item, root)),
  allOf: (parts: Schema[], value, _schema, root) => parts.every((part) => fits(part, value, root)),
  oneOf: (parts: Schema[], value, _schema, root) =>
    parts.filter((part) => fits(part, value, root)).length === 1,
  not: (part: Schema, value, _schema, root) => !fits(part, value, root),
  $ref: (path: string, value, _schema, root) => fits(lookUp(root, path), value, root),
};

/** Whether a value fits a schema. */
export function fits(schema: Schema, value: unknown, root: Schema = schema): boolean {
  return Object.entries(schema).every(([keyword, expected]) => {
    if (ANNOTATIONS.includes(keyword)) return true;
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`the keyword '${keyword}' is not known here`);
    return check(expected as never, value as never, schema, root);
  });
}

function lookUp(root: Schema, path: string): Schema {
  let found: unknown = root;
  for (const key of path.split("/").slice(1)) found = (found as Record<string, unknown>)[key];
  return found as Schema;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
