import { judgeAgent, listMissingFeatures, minAgentVersion } from "../batch/agent-version.ts";
import { usualExecutionRole } from "../batch/batch.ts";
import { isPermissionTrouble } from "../batch/failure-reason.ts";
import { type DefinitionUse, type EnvironmentUse, namesRole, type RoleUse } from "../batch/role-use.ts";
import { formatUse } from "../batch/role-use-text.ts";
import type { Assessment, Drift, Note, Undecided } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import type { ResourceFacts } from "../model/resource-facts.ts";
import { type Role, type RoleReading, sameRoleName } from "../model/role.ts";
import { evaluateNeeds } from "./needs.ts";
import { noteUses } from "./role-note.ts";
import { noteSecretNames } from "./secret-names.ts";
import { findShutOutEnvironments } from "./shut-out.ts";
import { findUnusedGrants, findUnusedKeys } from "./unused-grants.ts";

/** A role, its uses, and the facts that its needs are judged by. */
export interface UsesQuestion {
  readonly reading: RoleReading;
  readonly uses: readonly RoleUse[];
  readonly facts: ReadonlyMap<string, ResourceFacts>;
}

/** Returns the problems of a role that follow from its uses by AWS Batch, whatever its reference says. A pure function. */
export function evaluateUses({ reading, uses, facts }: UsesQuestion): readonly Assessment[] {
  const name = reading.status === "present" ? reading.role.name : reading.name;
  const environments = uses.filter((use) => use.kind === "compute-environment");
  const definitions = uses.filter((use) => use.kind === "job-definition");
  const served = definitions.filter((use) => use.duty === "execution" && namesRole(use));
  return [
    ...(reading.status === "present"
      ? [
          ...evaluateNeeds({ role: reading.role, uses: served, facts }),
          ...findUnusedGrants({ role: reading.role, uses: served, facts }),
          ...findUnusedKeys({ role: reading.role, uses: served, facts }),
          ...noteSecretNames({ role: reading.role, uses: served, facts }),
        ]
      : []),
    ...reportOmissions(definitions),
    ...noteRoleNotNamed(definitions),
    ...noteDoubleDuty(
      name,
      definitions.filter(({ otherAccount }) => !otherAccount),
    ),
    ...noteEmptyProfile(environments),
    ...noteOldAgents(environments),
    ...noteMissingFeatures(environments),
    ...noteOtherArn(uses, reading),
    ...noteInvalid(environments, reading),
    ...(reading.status === "present" ? noteShutOut(environments, reading.role) : []),
  ];
}

const maxOmissions = 10;

// What is not recorded may need something that the role does not have.
function reportOmissions(uses: readonly DefinitionUse[]): readonly Undecided[] {
  const all = uses.flatMap((use) => (use.omitted ?? []).map((what) => `${formatUse(use)}: ${what}`));
  const more = all.length - maxOmissions;
  const reasons = more > 0 ? [...all.slice(0, maxOmissions), `And ${more} more.`] : all;
  return reasons.length === 0 ? [] : [{ kind: "undecided", part: partOf("permissions"), reasons }];
}

// R36, R46: Fargate and secrets require an execution role, and the definition must name it.
function noteRoleNotNamed(uses: readonly DefinitionUse[]): readonly Note[] {
  return noteUses(
    "role-not-named",
    uses.filter(({ roleNotNamed }) => roleNotNamed),
    (use) =>
      `${formatUse(use)} ${use.fargate ? "runs on Fargate" : "uses secrets"} and names no execution role: its jobs cannot start. Register a revision with an executionRoleArn.`,
  );
}

function noteDoubleDuty(name: string, uses: readonly DefinitionUse[]): readonly Note[] {
  const executes = sameRoleName(name, usualExecutionRole) || uses.some(({ duty }) => duty === "execution");
  if (!executes) return [];
  return noteUses(
    "execution-role-as-job-role",
    uses.filter(({ duty }) => duty === "job"),
    (use) =>
      `${formatUse(use)} names ${name}, an execution role, as its job role: its containers can read every secret and pull every image that the role may. Give the jobs a role of their own.`,
  );
}

function noteEmptyProfile(uses: readonly EnvironmentUse[]): readonly Note[] {
  return noteUses(
    "profile-empty",
    uses.filter(({ profileEmpty }) => profileEmpty),
    (use) =>
      `${formatUse(use)} names the instance profile ${use.profile}, which does not exist or holds no role: its instances cannot join. Create the profile, and add its role to it.`,
  );
}

// R37. A version that cannot be parsed is a note of its own, not an undecided assessment: the role's other parts are known.
function noteOldAgents(uses: readonly EnvironmentUse[]): readonly Note[] {
  const judged = uses.flatMap((use) => {
    if (use.oldestAgent === undefined) return [];
    const verdict = judgeAgent(use.oldestAgent);
    return verdict === "enough" ? [] : [{ ...use, verdict }];
  });
  return noteUses("agent-too-old", judged, (use) =>
    use.verdict === "too-old"
      ? `${formatUse(use)} has instances whose ECS agent is ${use.oldestAgent}: tasks with an execution role (secrets, private registries) need ${minAgentVersion} or later and cannot start there. Update the agent, or the AMI and then the instances.`
      : `${formatUse(use)} has instances whose ECS agent has the version "${use.oldestAgent}", which cannot be compared with ${minAgentVersion}, the first that supports execution roles: tasks with one (secrets, private registries) may not start there. Look at the instances, and update the agent or the AMI.`,
  );
}

// T14. AWS's pages disagree on the versions, so that this is information.
function noteMissingFeatures(uses: readonly EnvironmentUse[]): readonly Note[] {
  const lacking = uses.flatMap((use) => {
    const { oldestAgent, agentFeatures = [] } = use;
    if (oldestAgent === undefined || judgeAgent(oldestAgent) !== "enough") return [];
    const missing = listMissingFeatures(oldestAgent, agentFeatures);
    return missing.length === 0 ? [] : [{ ...use, missing }];
  });
  return noteUses(
    "agent-lacks-features",
    lacking,
    (use) =>
      `${formatUse(use)} has instances whose ECS agent is ${use.oldestAgent}, and job definitions in ${use.region} use what may need a later one: ${use.missing.join(", ")}. If such tasks fail to start there, update the agent, or the AMI and then the instances.`,
  );
}

// 2.8, 2.9, T13: Batch and ECS assume a role by its ARN, which contains account and path: another ARN is another role.
function namesOtherArn({ arn, otherAccount }: RoleUse, reading: RoleReading): boolean {
  if (reading.status !== "present") return otherAccount === true;
  return arn !== undefined && arn.toLowerCase() !== reading.role.arn.toLowerCase();
}

function noteOtherArn(uses: readonly RoleUse[], reading: RoleReading): readonly Note[] {
  const own = reading.status === "present" ? reading.role : undefined;
  const account = reading.status === "present" ? reading.role.account : reading.account;
  return noteUses(
    "other-path",
    uses.filter((use) => namesOtherArn(use, reading)),
    (use) => {
      const other =
        own && !use.otherAccount ? `and the role's ARN is ${own.arn}` : "a role of another account";
      const right = own ? own.arn : `a role of account ${account}`;
      const fix =
        use.kind === "job-definition"
          ? `ECS cannot assume it, and its jobs fail before they start. Register a revision that names ${right}.`
          : fixEnvironment(use, own, right);
      return `${formatUse(use)} names ${use.arn}, ${other}: ${fix}`;
    },
  );
}

const linkedRolePath = /:role\/aws-service-role\//i;

// An account has one role of a name, whatever its path (docs/aws-facts.md, "IAM reads and writes"). A service role can be
// changed, but not to a service-linked one (docs/aws-facts.md, "AWS Batch").
function fixEnvironment({ duty, arn = "" }: EnvironmentUse, own: Role | undefined, right: string): string {
  if (duty !== "service") return `Disable and delete the environment, and create it again with ${right}.`;
  const stuck = "Batch cannot assume it, and an environment in that state cannot be deleted.";
  if (linkedRolePath.test(right)) {
    return `${stuck} It cannot be changed to a service-linked role: update it with a regular service role, disable and delete it, and create it again without a service role.`;
  }
  if (own && linkedRolePath.test(arn)) {
    return `${stuck} IAM takes no second role of this name: give what uses ${right} another role, delete it, and create the service-linked role.`;
  }
  return `${stuck} Update the environment with the service role ${right}.`;
}

function noteInvalid(uses: readonly EnvironmentUse[], reading: RoleReading): readonly Note[] {
  const fixOf = (use: EnvironmentUse) => {
    if (namesOtherArn(use, reading)) return "It names another role than this one, which is reported too.";
    return reading.status === "absent"
      ? "Create the role again with the same name and path; then the environment can be used, or disabled and deleted."
      : "Restore the role's trust and policies; then update the environment, or disable and delete it.";
  };
  return noteUses(
    "invalid-environment",
    uses.filter(
      ({ status, statusReason }) => status === "INVALID" && isPermissionTrouble(statusReason ?? ""),
    ),
    (use) => `${formatUse(use)} is INVALID because of a role: ${use.statusReason}. ${fixOf(use)}`,
  );
}

// 2.10: a confused-deputy condition can name other compute environments than those that use the role.
function noteShutOut(uses: readonly EnvironmentUse[], role: Role): readonly Note[] {
  return noteUses(
    "environment-shut-out",
    findShutOutEnvironments(role, uses),
    (use) =>
      `The trust policy of ${role.name} requires an aws:SourceArn that is not of ${formatUse(use)}: AWS Batch cannot assume the role for it, and it becomes INVALID. Add ${use.environmentArn} to the condition, or give the environment a role of its own.`,
  );
}

/**
 * Joins assessments that belong to one finding: drifts of one part and side, notes of one part and topic, and undecided
 * assessments of one part.
 */
export function joinAssessments(assessments: readonly Assessment[]): readonly Assessment[] {
  const joined = new Map<string, Assessment>();
  for (const each of assessments) {
    const key =
      each.kind === "drift"
        ? `${each.part} ${each.side}`
        : each.kind === "note"
          ? `${each.part} ${each.topic}`
          : `${each.part} ${each.kind}`;
    const before = joined.get(key);
    joined.set(key, before ? join(before, each) : each);
  }
  return [...joined.values()];
}

function join(a: Assessment, b: Assessment): Assessment {
  if (a.kind === "drift" && b.kind === "drift") return joinDrifts(a, b);
  if (a.kind === "undecided" && b.kind === "undecided") {
    return { ...a, reasons: [...new Set([...a.reasons, ...b.reasons])] };
  }
  return b;
}

function joinDrifts(a: Drift, b: Drift): Drift {
  const detail = [a.detail, b.detail].filter((text) => text !== undefined).join(" ");
  const cure = a.cure ?? b.cure;
  const { harmless: _, ...first } = a;
  return {
    ...first,
    ...(a.harmless && b.harmless && { harmless: true }),
    ...((a.escalates || b.escalates) && { escalates: true }),
    grants: [...a.grants, ...b.grants],
    denies: [...a.denies, ...b.denies],
    ...(detail !== "" && { detail }),
    ...(cure !== undefined && { cure }),
  };
}
