import type { RoleUse } from "../batch/role-use.ts";
import { joinDocuments } from "../policy-json.ts";
import { findReference } from "./built-in.ts";
import type { Provenance, Reference } from "./reference.ts";

type Duty = RoleUse["duty"];

// The guide's reference for each duty. A role with several duties gets attachments and strictness from the first.
const referencesByDuty: readonly (readonly [Duty, string])[] = [
  ["service", "AWSBatchServiceRole"],
  ["instance", "ecsInstanceRole"],
  ["managed-instance", "ecsManagedInstanceRole"],
  ["spot-fleet", "AmazonEC2SpotFleetTaggingRole"],
  ["infrastructure", "ecsInfrastructureRole"],
  ["execution", "ecsTaskExecutionRole"],
];

const namesByDuty = new Set(referencesByDuty.map(([, reference]) => reference.toLowerCase()));

/**
 * Whether a role of this reference must exist only while AWS Batch uses it, unless the owner says otherwise (T10). So it is
 * with roles whose use AWS Batch shows in its environments and job definitions, and with service-linked roles: AWS creates
 * them when needed, and deletes none that is in use (R17, R18).
 */
export function isRequiredByUse({ role, serviceLinked }: Reference): boolean {
  return serviceLinked !== undefined || namesByDuty.has(role.toLowerCase());
}

/** What a role of a duty must trust, where its permissions are its owner's choice. */
interface OpenDuty {
  readonly duty: Duty;
  /** The service that assumes the role. */
  readonly service: string;
  readonly purpose: string;
  readonly source: Provenance;
}

const openDuties: readonly OpenDuty[] = [
  // 2.7: no ECS agent runs on a Kubernetes node, so that the policy of ecsInstanceRole is neither needed nor wanted.
  {
    duty: "eks-node",
    service: "ec2.amazonaws.com",
    purpose: "The role of the Kubernetes nodes of a compute environment; EKS decides what it needs.",
    source: {
      title: "AWS Batch User Guide, Getting started with AWS Batch on Amazon EKS",
      url: "https://docs.aws.amazon.com/batch/latest/userguide/getting-started-eks.html",
      date: "2026-02-26",
    },
  },
  {
    duty: "job",
    service: "ecs-tasks.amazonaws.com",
    purpose: "The role of the containers of jobs; its owner decides what it may do.",
    source: {
      title: "Amazon ECS Developer Guide, task IAM role",
      url: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html",
      date: "2026-02-26",
    },
  },
];

// Instances run the owner's own agents and jobs, whose permissions AWS's guide does not list: AWS's own stacks attach
// policies of Systems Manager, CloudWatch and EKS to these roles. An infrastructure role passes an instance role of another
// name by a policy of its owner (docs/aws-facts.md, "AWS Batch").
const openCeilings: readonly Duty[] = ["instance", "managed-instance", "eks-node", "infrastructure", "job"];

/**
 * Returns the reference for a role that AWS Batch uses: the one of its name, else one composed from its duties. A role
 * with several duties trusts the service of each. A role of instances, their infrastructure or jobs may hold any further
 * permissions. Undefined if nothing uses the role and no reference has its name.
 *
 * The built-in `ecsInstanceRole` does not apply by its name to a role of Kubernetes nodes or managed instances: AWS's
 * guides use this name there too (2.6, 2.7). An owner's own reference always applies by its name.
 */
export function referenceByDuty(
  name: string,
  uses: readonly RoleUse[],
  own: readonly Reference[],
): Reference | undefined {
  const duties = new Set(uses.flatMap(({ duty, otherAccount }) => (otherAccount ? [] : [duty])));
  const named = findReference(name, own);
  if (named && own.includes(named)) return named;
  if (named && !duties.has("eks-node") && !duties.has("managed-instance")) {
    return duties.has("instance") || duties.has("infrastructure") ? openCeiling(named) : named;
  }
  const all = [
    ...referencesByDuty.flatMap(([duty, reference]) =>
      duties.has(duty) ? (findReference(reference, own) ?? []) : [],
    ),
    ...openDuties.filter(({ duty }) => duties.has(duty)).map((open) => createOpenReference(name, open)),
  ];
  const [main] = all;
  if (!main) return undefined;
  // These are of the role that the reference is named after.
  const { path: _, profile: __, description: ___, maxSession: ____, tags: _____, ...kept } = main;
  const joined: Reference = {
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
  };
  return openCeilings.some((duty) => duties.has(duty)) ? openCeiling(joined) : joined;
}

function openCeiling(reference: Reference): Reference {
  return { ...reference, strictness: { ...reference.strictness, ceiling: "open" } };
}

function createOpenReference(role: string, { service, purpose, source }: OpenDuty): Reference {
  return {
    role,
    purpose,
    source,
    trust: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
    }),
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
