import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { synthesise } from "@drift-guard/infra/synth/synth";
import { renderCost, replaceComputed } from "./cost/tables.ts";

// Usage: node test/bench/cost.ts. Computes the cost of the synthesised stack, prints it and writes it into docs/cost.md.

const page = join(import.meta.dirname, "../../docs/cost.md");
const config = join(import.meta.dirname, "../infra/configs/everything.ts");
const computed = renderCost({
  plain: await synthesise({ stage: "ci" }),
  everything: await synthesise({ stage: "ci", config }),
});
writeFileSync(page, replaceComputed(readFileSync(page, "utf8"), computed));
console.log(computed);
