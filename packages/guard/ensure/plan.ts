import { type FixGroup, type FixQuestion, planFixes, settingsOf } from "@drift-guard/core/fixes/fixes";
import { describeEffects, type StepEffect } from "@drift-guard/core/fixes/step-effect";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { FixStep } from "@drift-guard/core/model/fix";
import { isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import { type AttachedPolicy, seen, unseen } from "@drift-guard/core/model/role";
import type { ManagedPolicyReader } from "@drift-guard/core/ports";
import { localiseReference } from "@drift-guard/core/reference/built-in";
import type { EnsurePorts } from "../ports.ts";
import { createDecisionWarning, type KnownDecisions } from "./decisions.ts";
import { findNewPrincipals, findPrincipalProblem } from "./principals.ts";

type ReadingPorts = Pick<EnsurePorts, "roles" | "policies">;

/** Steps that belong together, each with its effect. */
interface EnsureGroup {
  readonly steps: readonly StepEffect[];
  /** What to consider before these steps are carried out, as sentences. */
  readonly warning?: string;
}

/** The steps that make a role as its reference says. */
export interface EnsurePlan {
  /** In the order in which they are to be carried out. */
  readonly groups: readonly EnsureGroup[];
  /** The drifts that the steps do not fix, and what a person must do about each. */
  readonly left: readonly { readonly drift: Drift; readonly why: string }[];
}

/**
 * Plans the IAM calls that make a role as its reference says (R4 to R10, R41 to R44), each tried on a copy of the role. A
 * customer-managed policy counts with its live document. A trust policy that names a role which does not exist is not
 * written, and then nothing is planned. Steps that undo what people decided have a warning. Throws `RoleUnreadableError`.
 */
export async function planEnsure(
  asked: FixQuestion,
  ports: ReadingPorts,
  decisions?: KnownDecisions,
): Promise<EnsurePlan> {
  const question: FixQuestion = {
    ...asked,
    policies: await readPolicies(asked, ports),
    ...(decisions && { warningOf: createDecisionWarning(asked, decisions) }),
  };
  const { groups, left } = planFixes(question);
  const problem = await findTrustProblem(groups, question, ports);
  if (problem !== undefined) {
    const drifts = question.assessments.filter((one) => one.kind === "drift");
    return { groups: [], left: drifts.map((drift) => ({ drift, why: problem })) };
  }
  const ordered = warnOfNewPrincipals(groups, question);
  const effects = describeEffects(
    question.reading,
    ordered.flatMap(({ steps }) => steps),
    settingsOf(question),
  );
  let rest = effects;
  const take = (count: number) => {
    const taken = rest.slice(0, count);
    rest = rest.slice(count);
    return taken;
  };
  return {
    groups: ordered.map(({ steps, ...group }) => ({ ...group, steps: take(steps.length) })),
    left,
  };
}

async function readPolicies(
  { watched, partition }: FixQuestion,
  { policies: reader }: ReadingPorts,
): Promise<ReadonlyMap<string, AttachedPolicy>> {
  const { attachments, boundary } = localiseReference(watched.reference, partition);
  const arns = [
    ...attachments.map(({ arn }) => arn),
    ...(typeof boundary === "object" ? [boundary.arn] : []),
  ];
  const policies = new Map<string, AttachedPolicy>();
  for (const arn of arns) if (!isOwnedByAws(arn)) policies.set(arn, await readDefault(arn, reader));
  return policies;
}

async function readDefault(arn: string, reader: ManagedPolicyReader): Promise<AttachedPolicy> {
  const live = await reader.readPolicy(arn);
  const current = live?.versions.find(({ isDefault }) => isDefault);
  const version = current
    ? seen({ id: current.id, text: current.text })
    : unseen(`The policy ${arn} does not exist, or could not be read.`);
  return { arn, version };
}

const writesTrust = (step: FixStep) =>
  step.call === "iam:CreateRole" || step.call === "iam:UpdateAssumeRolePolicy";

async function findTrustProblem(
  groups: readonly FixGroup[],
  { reading }: FixQuestion,
  { roles }: ReadingPorts,
): Promise<string | undefined> {
  const account = reading.status === "present" ? reading.role.account : reading.account;
  for (const step of groups.flatMap(({ steps }) => steps)) {
    if (!writesTrust(step) || !("document" in step)) continue;
    const problem = await findPrincipalProblem(step.document, account, roles);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Adds a warning to a write of a trust policy that lets in a role made anew under the name of a deleted one. */
function warnOfNewPrincipals(groups: readonly FixGroup[], { reading }: FixQuestion): readonly FixGroup[] {
  if (reading.status === "absent") return groups;
  return groups.map((group) => {
    const added = group.steps.flatMap((step) =>
      step.call === "iam:UpdateAssumeRolePolicy" ? findNewPrincipals(reading.role.trust, step.document) : [],
    );
    return added.length === 0
      ? group
      : addWarning(
          group,
          `The trust policy names a principal that was deleted. These may have been made anew under its name, and get access: ${added.join(", ")}. Find out who made them.`,
        );
  });
}

function addWarning({ steps, warning }: FixGroup, added: string): FixGroup {
  return { steps, warning: warning === undefined ? added : `${warning} ${added}` };
}
