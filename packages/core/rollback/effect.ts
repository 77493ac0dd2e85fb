import type { Comparison } from "@drift-guard/policy/comparison";
import { compareTexts } from "../evaluate/comparison.ts";
import { listPolicyTexts } from "../evaluate/policy-texts.ts";
import { trustOptions } from "../evaluate/trust.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { keepEffect, tryParsePolicy } from "../policy-json.ts";
import { applyStep } from "./apply-step.ts";
import { createDenyCover, holdsDeny } from "./denies.ts";

/**
 * Whether a step lets the role, or those who may assume it, do anything that they may not do in the role as it is. In
 * doubt it does. `boundary` is the document of the boundary that a step puts; undefined if it is unknown.
 */
export function doesRestore(role: Role, step: Step, boundary?: string): boolean {
  switch (step.call) {
    case "iam:AttachRolePolicy":
    case "iam:DeleteRolePermissionsBoundary":
    // Conditions of any policy may be on the role's tags.
    case "iam:TagRole":
    case "iam:UntagRole":
      return true;
    case "iam:DeletePolicyVersion":
      return false;
    case "iam:PutRolePolicy": {
      const before = role.inline.find(({ name }) => name === step.policyName);
      if (keepsDenies(role, step, before?.text) && allowsNoMore(step.document, before?.text)) return false;
      // Other policies of the role may allow it already.
      return (
        compareAsIdentity(step.document, before?.text) &&
        isGain(
          compareTexts(listPolicyTexts(applyStep(role, step)), listPolicyTexts(role), {
            kind: "identity",
          }),
        )
      );
    }
    case "iam:DeleteRolePolicy": {
      const removed = role.inline.find(({ name }) => name === step.policyName);
      return removed !== undefined && losesDeny(role, removed.text, { inline: step.policyName });
    }
    case "iam:DetachRolePolicy": {
      const removed = role.attached.find(({ arn }) => arn === step.policyArn);
      if (!removed) return false;
      return !removed.version.observed || losesDeny(role, removed.version.value.text, { arn: removed.arn });
    }
    case "iam:UpdateAssumeRolePolicy": {
      const comparison = compareTexts(step.document, role.trust, trustOptions(role, undefined));
      // A Deny that takes nothing from what the policy allows has no effect: only this policy lets anybody assume the role.
      return isGain({ ...comparison, deniesRemoved: [] });
    }
    case "iam:PutRolePermissionsBoundary": {
      if (!role.boundary.observed) return true;
      const live = role.boundary.value;
      if (live === null) return false;
      return !live.version.observed || boundary === undefined
        ? true
        : compareAsIdentity(boundary, live.version.value.text);
    }
    case "iam:SetDefaultPolicyVersion":
    case "iam:CreatePolicyVersion": {
      const bound = role.boundary.observed ? role.boundary.value : null;
      const holders = [...role.attached, ...(bound ? [bound] : [])].filter(
        ({ arn }) => arn === step.policyArn,
      );
      return holders.some(
        ({ version }) => !version.observed || compareAsIdentity(step.document, version.value.text),
      );
    }
    case "iam:UpdateRole":
      return !role.maxSession.observed || step.maxSession > role.maxSession.value;
  }
}

function keepsDenies(role: Role, step: Step, before: string | undefined): boolean {
  return before === undefined || createDenyCover(listPolicyTexts(applyStep(role, step)))(before);
}

// Without their Denies, as conditions of those may be of a kind that cannot be compared.
function allowsNoMore(after: string, before: string | undefined): boolean {
  if (tryParsePolicy(after) === undefined) return false;
  const [allowed, was] = [after, before].map((text) =>
    text === undefined || tryParsePolicy(text) === undefined ? [] : [keepEffect(text, "Allow")],
  );
  return !isGain(compareTexts(allowed ?? [], was ?? [], { kind: "identity" }));
}

function compareAsIdentity(after: string, before: string | undefined): boolean {
  return isGain(compareTexts(after, before ?? [], { kind: "identity" }));
}

function isGain({ relation, excess, deniesRemoved, undecided }: Comparison): boolean {
  return relation === "undecided" || excess.length + deniesRemoved.length + undecided.length > 0;
}

/** Whether a policy of the role has a Deny that no other policy of it has. */
function losesDeny(
  role: Role,
  text: string,
  removed: { readonly arn?: string; readonly inline?: string },
): boolean {
  const document = tryParsePolicy(text);
  if (document === undefined) return true;
  if (!holdsDeny(document)) return false;
  const others = [
    ...role.attached.flatMap(({ arn, version }) =>
      arn !== removed.arn && version.observed ? [version.value.text] : [],
    ),
    ...role.inline.flatMap((policy) => (policy.name === removed.inline ? [] : [policy.text])),
  ];
  return !createDenyCover(others)(text);
}
