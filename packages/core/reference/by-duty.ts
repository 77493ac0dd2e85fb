import type { RoleUse } from "../batch/role-use.ts";
import { joinDocuments } from "../policy-json.ts";
import { findReference } from "./built-in.ts";
import type { Reference } from "./reference.ts";

type Duty = RoleUse["duty"];

// The guide's reference for each duty. A role with several duties gets attachments and strictness from the first.
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
 * Returns the reference for a role that AWS Batch uses: the one of its name, else one composed from its duties. A role
 * with several duties trusts the service of each. A job role may hold any permissions, so that only its trust is
 * compared. Undefined if nothing uses the role.
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
    purpose: "The role of the containers of jobs; its owner decides what it may do.",
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
