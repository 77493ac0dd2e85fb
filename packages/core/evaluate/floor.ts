import { comparePolicies } from "@drift-guard/policy/compare";
import type { PolicyDocument } from "@drift-guard/policy/document";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import type { Assessment, Undecided } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import type { Role } from "../model/role.ts";
import { filterByEffect } from "../policy-json.ts";
import type { Reference, Strictness } from "../reference/reference.ts";

/**
 * What a role lacks of the grants that it must have, whichever policy gives them, and that no other part tells: a Deny
 * is told where it stands, an absent or altered attachment at the attachment.
 */
export function assessFloor(role: Role, reference: Reference, strictness: Strictness): readonly Assessment[] {
  const required = listRequired(reference, strictness);
  if (required.length === 0) return [];
  const held = readHeld(role);
  const told = strictness.attachments === "required" ? reference.attachments : [];
  const gives = [...held.documents, ...told.map(({ document }) => parsePolicy(document))];
  const { missing, undecided } = comparePolicies(filterByEffect(gives, "Allow"), required, {
    kind: "identity",
  });
  // A Deny that the reference has stands in its floor: without it the role may more.
  const { deniesRemoved } = comparePolicies(
    filterByEffect(gives, "Deny"),
    filterByEffect(required.map(parsePolicy), "Deny"),
    { kind: "identity" },
  );
  const cut = cutByBoundary(role, reference, required);
  const lacking = [...missing, ...cut.grants];
  const attachmentsTold = new Set(told.map(({ arn }) => arn));
  const unseen = held.unseen.filter(({ policy }) => !attachmentsTold.has(policy)).map(({ why }) => why);
  // What cannot be read may give what seems to be missing.
  const unsure = [
    ...undecided.map(({ message }) => message),
    ...cut.unsure,
    ...(lacking.length + deniesRemoved.length > 0 ? unseen : []),
  ];
  if (unsure.length > 0) return [describeUndecided(unsure)];
  return [...describeMissing(lacking, cut.by), ...describeRemovedDenies(deniesRemoved)];
}

function listRequired({ floor, attachments }: Reference, strictness: Strictness): readonly string[] {
  if (strictness.floor === "off") return [];
  return [
    ...(floor ? [floor.document] : []),
    // Where the attachment itself need not be there, its grants must.
    ...(strictness.attachments === "off" ? attachments.map(({ document }) => document) : []),
  ];
}

interface Held {
  readonly documents: readonly PolicyDocument[];
  /** Managed policies by ARN, inline ones by name. */
  readonly unseen: readonly { readonly policy: string; readonly why: string }[];
}

function readHeld(role: Role): Held {
  const documents: PolicyDocument[] = [];
  const unseen: { policy: string; why: string }[] = [];
  const read = (policy: string, text: string) => {
    try {
      documents.push(parsePolicy(text));
    } catch (error) {
      if (!(error instanceof PolicySyntaxError)) throw error;
      unseen.push({ policy, why: `${policy}: ${error.message}` });
    }
  };
  for (const { arn, version } of role.attached) {
    if (version.observed) read(arn, version.value.text);
    else unseen.push({ policy: arn, why: version.why });
  }
  for (const { name, text } of role.inline) read(name, text);
  return { documents, unseen };
}

// Where a boundary is the owner's to choose, it must still leave what the role needs.
function cutByBoundary(
  { boundary }: Role,
  reference: Reference,
  required: readonly string[],
): { readonly grants: readonly Grant[]; readonly unsure: readonly string[]; readonly by?: string } {
  if (reference.boundary !== "any") return { grants: [], unsure: [] };
  if (!boundary.observed) return { grants: [], unsure: [boundary.why] };
  if (boundary.value === null) return { grants: [], unsure: [] };
  const { arn, version } = boundary.value;
  if (!version.observed) return { grants: [], unsure: [version.why] };
  const { missing, undecided } = comparePolicies(version.value.text, required, { kind: "identity" });
  return { grants: missing, unsure: undecided.map(({ message }) => message), by: arn };
}

function describeUndecided(reasons: readonly string[]): Undecided {
  return { kind: "undecided", part: "permissions", reasons };
}

function describeMissing(grants: readonly Grant[], boundary: string | undefined): readonly Assessment[] {
  if (grants.length === 0) return [];
  const detail =
    boundary === undefined
      ? "No policy of the role gives what it must have."
      : `No policy of the role gives what it must have, or the permissions boundary ${boundary} cuts it.`;
  return [{ kind: "drift", part: "permissions", side: "missing", grants, denies: [], detail }];
}

function describeRemovedDenies(denies: readonly Grant[]): readonly Assessment[] {
  if (denies.length === 0) return [];
  return [{ kind: "drift", part: "permissions", side: "excess", grants: [], denies }];
}
