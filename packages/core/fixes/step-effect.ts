import type { Comparison } from "@drift-guard/policy/comparison";
import { compareTexts } from "../evaluate/comparison.ts";
import { listPolicyTexts } from "../evaluate/policy-texts.ts";
import { trustOptions } from "../evaluate/trust.ts";
import type { FixStep } from "../model/fix.ts";
import type { Grant } from "../model/grant.ts";
import type { AttachedPolicy, Role, RoleReading } from "../model/role.ts";
import { applyFixStep, type TrialSettings } from "./trial.ts";

/** What one step of a fix expects, and what it changes in what a role allows. */
export interface StepEffect {
  readonly step: FixStep;
  /** One sentence: the state in which the step does what it is for. */
  readonly expects: string;
  /** Allowed after the step and not before, by the role's policies or by its trust policy. */
  readonly gains: readonly Grant[];
  /** Allowed before the step and not after. */
  readonly losses: readonly Grant[];
  readonly deniesAdded: readonly Grant[];
  readonly deniesRemoved: readonly Grant[];
  /** Changes that are no grants, and what could not be decided, as sentences. */
  readonly notes: readonly string[];
}

/** Returns the effect of each step on the role that the steps before it leave. */
export function describeEffects(
  reading: RoleReading,
  steps: readonly FixStep[],
  settings: Pick<TrialSettings, "reference" | "partition" | "policies">,
): readonly StepEffect[] {
  let before = reading;
  return steps.map((step) => {
    const after = applyFixStep(before, step, settings);
    const effect = describeEffect(step, before, after);
    before = after;
    return effect;
  });
}

const nothing = { gains: [], losses: [], deniesAdded: [], deniesRemoved: [], notes: [] };

function describeEffect(step: FixStep, before: RoleReading, after: RoleReading): StepEffect {
  const [was, is] = [presentIn(before), presentIn(after)];
  return { step, ...nothing, expects: expectationOf(step, was), ...(is && changesOf(step, was, is)) };
}

function presentIn(reading: RoleReading): Role | undefined {
  return reading.status === "present" ? reading.role : undefined;
}

type Changes = Partial<Omit<StepEffect, "step" | "expects">>;

function changesOf(step: FixStep, was: Role | undefined, is: Role): Changes {
  switch (step.call) {
    case "iam:CreateRole":
      return {
        ...differ(compareTexts(is.trust, was?.trust ?? [], trustOptions(is, undefined))),
        notes: [
          "If a role of this name was deleted, policies of other resources that named it hold its unique id, and let the new role in only once they are saved again.",
        ],
      };
    case "iam:UpdateAssumeRolePolicy":
      return differ(compareTexts(is.trust, was?.trust ?? [], trustOptions(is, undefined)));
    case "iam:CreateServiceLinkedRole":
    case "iam:AttachRolePolicy":
    case "iam:DetachRolePolicy":
    case "iam:PutRolePolicy":
    case "iam:DeleteRolePolicy":
    case "iam:SetDefaultPolicyVersion":
    case "iam:CreatePolicyVersion":
      return differ(compareTexts(listPolicyTexts(is), was ? listPolicyTexts(was) : [], { kind: "identity" }));
    case "iam:PutRolePermissionsBoundary": {
      const blocked = findBlocked(is, boundaryOf(is));
      return {
        ...(blocked && { losses: blocked }),
        notes: [`The role may do at most what ${step.policyArn} allows.`],
      };
    }
    case "iam:DeleteRolePermissionsBoundary": {
      const blocked = was && findBlocked(was, boundaryOf(was));
      return {
        ...(blocked && { gains: blocked }),
        notes: ["No boundary limits the role's policies any more."],
      };
    }
    case "iam:AddRoleToInstanceProfile":
      return { notes: [`EC2 instances that start with the profile ${step.profile} get the role.`] };
    case "iam:DeletePolicyVersion":
      return { notes: ["The version is no default, so that nothing changes in what the role allows."] };
    case "iam:UpdateRole":
    case "iam:TagRole":
    case "iam:UntagRole":
      return {};
  }
}

function boundaryOf({ boundary }: Role): AttachedPolicy | undefined {
  return boundary.observed ? (boundary.value ?? undefined) : undefined;
}

/** Returns what a role's policies allow and a boundary does not; undefined if the boundary's document is not known. */
function findBlocked(role: Role, boundary: AttachedPolicy | undefined): readonly Grant[] | undefined {
  if (!boundary?.version.observed) return undefined;
  return compareTexts(listPolicyTexts(role), boundary.version.value.text, { kind: "identity" }).excess;
}

function differ(comparison: Comparison): Changes {
  const { excess, missing, hardening, possibleHardening, deniesAdded, deniesRemoved, undecided } = comparison;
  return {
    gains: excess,
    losses: [...missing, ...hardening, ...possibleHardening],
    deniesAdded,
    deniesRemoved,
    notes: [...new Set(undecided.map(({ message }) => message))],
  };
}

function expectationOf(step: FixStep, role: Role | undefined): string {
  const name = step.role;
  switch (step.call) {
    case "iam:CreateRole":
      return `No role of the account is named ${name}, and every principal of the trust policy exists.`;
    case "iam:CreateServiceLinkedRole":
      return `No role of the account is named ${name}.`;
    case "iam:AddRoleToInstanceProfile":
      return `The instance profile ${step.profile} holds no role, or does not exist.`;
    case "iam:AttachRolePolicy":
      return `${step.policyArn} is not attached to ${name}.`;
    case "iam:DetachRolePolicy":
      return `${step.policyArn} is attached to ${name}.`;
    case "iam:PutRolePolicy":
      return role?.inline.some((policy) => policy.name === step.policyName)
        ? `The inline policy ${step.policyName} of ${name} is as it was read.`
        : `${name} has no inline policy ${step.policyName}.`;
    case "iam:DeleteRolePolicy":
      return `The inline policy ${step.policyName} of ${name} is as it was read.`;
    case "iam:UpdateAssumeRolePolicy":
      return `The trust policy of ${name} is as it was read, and every principal of the new one exists.`;
    case "iam:PutRolePermissionsBoundary":
    case "iam:DeleteRolePermissionsBoundary": {
      const live = role && boundaryOf(role);
      return live ? `The boundary of ${name} is ${live.arn}.` : `${name} has no boundary.`;
    }
    case "iam:SetDefaultPolicyVersion":
    case "iam:CreatePolicyVersion":
    case "iam:DeletePolicyVersion":
      return `The default version of ${step.policyArn} is as it was read.`;
    case "iam:UpdateRole":
      return `Description and maximum session of ${name} are as they were read.`;
    case "iam:TagRole":
    case "iam:UntagRole":
      return `The tag ${step.key} of ${name} is as it was read.`;
  }
}
