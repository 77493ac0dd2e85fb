import type { RollbackChoice } from "../config/rollback-choice.ts";
import { compareTexts } from "../evaluate/comparison.ts";
import { isOlderVersion, isOwnedByAws, type LivePolicy } from "../model/managed-policy.ts";
import type { Part } from "../model/part.ts";
import type { Step } from "../model/plan.ts";
import type { Role } from "../model/role.ts";
import { hasSameStatements } from "../policy-json.ts";

/** A customer-managed policy of a role, and the document that it should have. */
export interface VersionQuestion {
  readonly role: Role;
  readonly part: Part;
  readonly arn: string;
  readonly document: string;
}

/** The calls that set a policy back, or why there are none. */
export type VersionRepair =
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly note: string }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly reason: string };

// IAM keeps at most so many versions of a policy (docs/aws-facts.md, "IAM limits").
const maxVersions = 5;
const maxHolders = 10;

/**
 * Returns the calls that make the reference's document the default version of a customer-managed policy: of a version that
 * has it, or else of a new one, for which the oldest version is deleted if there are five. It changes every role, user and
 * group that has the policy, so that the owner must switch it on (`sharedPolicies`). `live` is undefined if the policy was
 * not read.
 */
export function repairVersion(
  { role, part, arn, document }: VersionQuestion,
  { sharedPolicies }: Pick<RollbackChoice, "sharedPolicies">,
  live: LivePolicy | undefined,
): VersionRepair {
  if (isOwnedByAws(arn)) return { kind: "none" };
  if (!sharedPolicies) {
    return {
      kind: "refused",
      reason: `${arn} was edited. To set it back changes every role, user and group that has it, so the guard does it only with rollback.sharedPolicies. Set the version that equals the reference as its default.`,
    };
  }
  const current = live?.versions.find(({ isDefault }) => isDefault);
  if (live === undefined || live.holders === undefined || current === undefined) {
    return {
      kind: "refused",
      reason: `${arn} was edited, and its versions, or who has it, could not be read. Set the version that equals the reference as its default.`,
    };
  }
  const base = { role: role.name, part, policyArn: arn };
  const note = `It changes ${arn} for all that have it: ${nameHolders(live.holders)}.`;
  const good = live.versions.find(({ text }) => isSameDocument(text, document));
  if (good?.isDefault) return { kind: "none" };
  if (good) {
    const { id: versionId, text } = good;
    const step = { ...base, call: "iam:SetDefaultPolicyVersion", versionId, document: text } as const;
    return { kind: "steps", steps: [step], note };
  }
  const [oldest] = live.versions
    .filter(({ isDefault }) => !isDefault)
    .toSorted((a, b) => (isOlderVersion(a.id, b.id) ? -1 : 1));
  const room: readonly Step[] =
    live.versions.length < maxVersions || !oldest
      ? []
      : [{ ...base, call: "iam:DeletePolicyVersion", versionId: oldest.id }];
  const minified = JSON.stringify(JSON.parse(document));
  return {
    kind: "steps",
    steps: [...room, { ...base, call: "iam:CreatePolicyVersion", document: minified }],
    note:
      room.length === 0
        ? note
        : `${note} Its oldest version ${oldest?.id} is deleted first, as IAM keeps five versions.`,
  };
}

function isSameDocument(text: string, document: string): boolean {
  if (hasSameStatements(text, document, "identity")) return true;
  const { relation, undecided, deniesAdded, deniesRemoved } = compareTexts(text, document, {
    kind: "identity",
  });
  return relation === "equal" && [undecided, deniesAdded, deniesRemoved].flat().length === 0;
}

function nameHolders(holders: readonly string[]): string {
  const more = holders.length - maxHolders;
  return holders.slice(0, maxHolders).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
