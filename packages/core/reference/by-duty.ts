import type { RoleUse } from "../batch/role-use.ts";
import { joinDocuments } from "../policy-json.ts";
import { findReference } from "./built-in.ts";
import type { Reference } from "./reference.ts";

type Duty = RoleUse["duty"];

/** By duty, the reference that the guide gives for it; the first is a role's main duty where it has several. */
const referencesByDuty: readonly (readonly [Duty, string])[] = [
  ["service", "AWSBatchServiceRole"],
  ["instance", "ecsInstanceRole"],
  ["spot-fleet", "AmazonEC2SpotFleetTaggingRole"],
  ["infrastructure", "ecsInfrastructureRole"],
  ["execution", "ecsTaskExecutionRole"],
];

const jobTrust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
  ],
});

/**
 * What a role should be that nobody wrote a reference for, by what Batch uses it as. A role with several duties is
 * trusted by every service that needs it; a job role may hold what its owner wants, so that only its trust is compared.
 * Undefined where nothing uses it.
 */
export function referenceByDuty(
  name: string,
  uses: readonly RoleUse[],
  own: readonly Reference[],
): Reference | undefined {
  const named = findReference(name, own);
  if (named) return named;
  const duties = new Set(uses.map(({ duty }) => duty));
  const found = referencesByDuty.flatMap(([duty, reference]) =>
    duties.has(duty) ? (findReference(reference, own) ?? []) : [],
  );
  const all = duties.has("job") ? [...found, jobReference(name)] : found;
  const [main] = all;
  if (!main) return undefined;
  const { path: _, profile: __, ...kept } = main;
  return {
    ...kept,
    role: name,
    trust: joinDistinct(all.map(({ trust }) => trust)),
    attachments: all.flatMap(({ attachments }) => attachments),
    retired: all.flatMap(({ retired }) => retired),
    ...(main.allowed && {
      allowed: {
        ...main.allowed,
        document: joinDistinct(all.flatMap(({ allowed }) => (allowed ? [allowed.document] : []))),
      },
    }),
    strictness: { ...main.strictness, ceiling: duties.has("job") ? "open" : main.strictness.ceiling },
  };
}

function jobReference(name: string): Reference {
  return {
    role: name,
    purpose: "What the containers of jobs act as; what it may do is its owner's to say.",
    source: {
      title: "Amazon ECS Developer Guide, task IAM role",
      url: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
      date: "2026-02-26",
    },
    trust: jobTrust,
    attachments: [],
    retired: [],
    boundary: "any",
    strictness: { trust: "exact", attachments: "off", floor: "off", ceiling: "open" },
  };
}

// Trusts of one service may be written differently and mean the same: the comparison treats them as equal.
function joinDistinct(documents: readonly string[]): string {
  const distinct = [...new Set(documents)];
  const [first] = distinct;
  return first !== undefined && distinct.length === 1 ? first : joinDocuments(distinct);
}
