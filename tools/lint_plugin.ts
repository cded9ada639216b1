/**
 * The project's lint plugin: the architecture and the habits that a reader's goodwill would not
 * keep (docs/architecture.md). `deno lint` loads it; tests/tools/lint_plugin_test.ts plants a
 * violation of each rule.
 *
 * @module
 */

import {
  importDirection,
  importExtension,
  importLiteral,
  importPackage,
  modReexportsOnly,
  roomDirection,
} from "./lint/imports.ts";
import {
  handedInEnvironment,
  noConsole,
  noPromiseBelowEndpoint,
  noRuntimeGlobalType,
  noRuntimeGlobalValue,
  pureCore,
} from "./lint/purity.ts";
import { maxFileLines, maxFunctionLines } from "./lint/size.ts";
import { noModuleState } from "./lint/state.ts";
import {
  erasableSyntax,
  noEmptyStatement,
  noPrivateKeyword,
  noUsingInSource,
} from "./lint/syntax.ts";

/** The plugin; its rules are reported as `freshlink/<rule>`. */
const plugin: Deno.lint.Plugin = {
  name: "freshlink",
  rules: {
    "import-direction": importDirection,
    "room-direction": roomDirection,
    "import-package": importPackage,
    "import-literal": importLiteral,
    "import-extension": importExtension,
    "mod-reexports-only": modReexportsOnly,
    "pure-core": pureCore,
    "handed-in-environment": handedInEnvironment,
    "no-promise-below-endpoint": noPromiseBelowEndpoint,
    "no-runtime-global-type": noRuntimeGlobalType,
    "no-runtime-global-value": noRuntimeGlobalValue,
    "no-console": noConsole,
    "no-module-state": noModuleState,
    "erasable-syntax": erasableSyntax,
    "no-using-in-source": noUsingInSource,
    "no-private-keyword": noPrivateKeyword,
    "no-empty-statement": noEmptyStatement,
    "max-file-lines": maxFileLines,
    "max-function-lines": maxFunctionLines,
  },
};

export default plugin;
