import { strictnessOf } from "../evaluate/evaluate.ts";
import { explainTooLarge, needsPolicyName, writeNeedsPolicy } from "../evaluate/needs-policy.ts";
import type { Drift } from "../model/evidence.ts";
import type { FixStep } from "../model/fix.ts";
import { partOf } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { joinDocuments, withoutSids } from "../policy-json.ts";
import { localiseReference } from "../reference/built-in.ts";
import { requiredPolicyName } from "../rollback/repair.ts";
import { attach, type Proposal, type ProposalQuestion } from "./proposal.ts";
import { needActions, warn, warnOfUnknownNeeds } from "./warnings.ts";

/** Returns what may fix missing permissions that belong to no single policy. */
export function proposePermissions(question: ProposalQuestion, role: Role): Proposal {
  const { drift, watched } = question;
  const reference = localiseReference(watched.reference, role.partition);
  const strictness = strictnessOf(reference, watched.guarded);
  const put = (policyName: string, document: string): FixStep => ({
    role: role.name,
    part: partOf(`inline:${policyName}`),
    call: "iam:PutRolePolicy",
    policyName,
    document,
  });
  const needs = drift.cure === undefined ? [] : [put(needsPolicyName, drift.cure)];
  const attachments =
    strictness.attachments === "off" && strictness.floor === "required"
      ? reference.attachments
          .filter(({ arn }) => !role.attached.some((policy) => policy.arn === arn))
          .map(({ arn }) => attach(role, arn))
      : [];
  const floor =
    strictness.floor === "required" && reference.floor
      ? [put(requiredPolicyName, joinPolicies(role, reference.floor.document))]
      : [];
  return {
    candidates: [
      ...(needs.length > 0 ? [needs] : []),
      ...(attachments.length > 0 ? [[...needs, ...attachments]] : []),
      ...(floor.length > 0
        ? [
            [...needs, ...floor],
            [...needs, ...attachments, ...floor],
          ]
        : []),
    ].map((steps) => ({ steps, ...warn(warnOfUnknownNeeds(question)) })),
    otherwise: explainNeedsLeft(drift, role),
  };
}

/** Says why no policy of the role allows what job definitions need. */
function explainNeedsLeft({ grants, cure }: Drift, role: Role): string {
  const needs = grants.flatMap(({ actions, resources = [], conditions }) =>
    conditions.length > 0
      ? []
      : actions
          .filter((action) => needActions.includes(action))
          .flatMap((action) => resources.map((resource) => ({ action, resource }))),
  );
  const policy = cure === undefined && needs.length > 0 ? writeNeedsPolicy(role, needs) : undefined;
  return policy?.kind === "too-large"
    ? explainTooLarge(policy)
    : "No policy of the role alone fixes it: a Deny, the permissions boundary, or the policy of a secret or key blocks it. Ask its owner before you change that.";
}

// PutRolePolicy replaces the document, so that what the policy holds today stays in it.
function joinPolicies(role: Role, required: string): string {
  const present = role.inline.find(({ name }) => name === requiredPolicyName);
  return present
    ? joinDocuments([withoutSids(present.text), withoutSids(required)])
    : JSON.stringify(JSON.parse(required));
}
