import type { Drift } from "../model/evidence.ts";
import { inlinePart } from "../model/part.ts";
import type { Step } from "../model/plan.ts";
import {
  currentVersion,
  joinDocuments,
  keepEffect,
  readDocument,
  tryParsePolicy,
  withoutSids,
} from "../policy-json.ts";
import { keepsAccepted, losesAccepted } from "./accepted-part.ts";
import { listBroaderDenies } from "./broader-deny.ts";
import { createDenyCover } from "./denies.ts";
import { isDenied, listDenies, printDeny } from "./deny-statements.ts";
import { findInlineRoom, type InlineWrite, maxInlineCharacters } from "./inline-room.ts";
import { listNeeded, removeExcess } from "./policy-narrowing.ts";
import type { Repair, RepairTarget } from "./repair-target.ts";

const emptyPolicy = JSON.stringify({ Version: currentVersion, Statement: [] });
const room = `${maxInlineCharacters.toLocaleString("en")} characters of inline policies`;

/**
 * Removes the excess of an inline policy: it is written again without it, or deleted if nothing else is in it. Where what the
 * role needs of it has no room, it goes too: excess is never left in place for its sake.
 */
export function removeInline(
  { part, grants }: Pick<Drift, "part" | "grants">,
  policyName: string,
  target: RepairTarget,
): Repair {
  const { role, reference, compare, needed, kept, accepted } = target;
  const text = role.inline.find(({ name }) => name === policyName)?.text;
  if (text === undefined) return { kind: "none" };
  const base = { role: role.name, part, policyName };
  // What was accepted stays in this policy, whatever others allow.
  const keep = accepted === undefined ? [] : [accepted];
  const others =
    accepted === undefined ? [...reference.attachments.map(({ document }) => document), ...kept] : [];
  for (const some of needed.length > 0 ? [needed, []] : [[]]) {
    const narrowed = removeExcess(text, grants, { compare, needed: [...some, ...keep], others });
    const lost = some.length < needed.length ? ` ${explainLostNeeds(policyName)}` : "";
    // Where nothing of what was accepted is in the policy, its exception does not keep the rest.
    if (narrowed.kind === "nothing" && accepted !== undefined) {
      const change = { before: text, after: emptyPolicy, accepted };
      if (!keepsAccepted(change, { kind: "identity" })) return { kind: "refused", reason: losesAccepted };
    }
    if (narrowed.kind === "nothing") {
      const note = lost === "" ? {} : { note: lost.trim() };
      return { kind: "steps", steps: [{ ...base, call: "iam:DeleteRolePolicy" }], ...note };
    }
    if (narrowed.kind === "undecided") {
      return {
        kind: "refused",
        reason: `It cannot be decided what of ${policyName} is excess: ${narrowed.why}. A person must repair it.`,
      };
    }
    const write = findInlineRoom({ ...target, policyName, document: narrowed.document });
    if (write && accepted !== undefined) {
      const change = { before: text, after: write.document, accepted };
      if (!keepsAccepted(change, { kind: "identity" })) return { kind: "refused", reason: losesAccepted };
    }
    if (write) {
      const steps = listWrites(write, target);
      return { kind: "steps", steps, note: `${explainRewrite(write, role.name)}${lost}` };
    }
  }
  return {
    kind: "refused",
    reason: `${policyName} without its excess does not fit into the ${room} of ${role.name}. Write its Denies into a managed policy, attach that, and delete ${policyName}.`,
  };
}

function explainRewrite(write: InlineWrite, role: string): string {
  const { policyName } = write;
  return write.broader
    ? explainBroader(write, role, policyName, `the Denies that ${policyName} had`)
    : `It keeps the Denies of ${policyName} and what the role may have of it.`;
}

/**
 * Removes a managed policy. What of it must stay is written into an inline policy first: its Denies, and what the role needs
 * of it (R39, R45, R46), unless other policies have them. Where the Denies fit in no words, the policy stays attached for
 * their sake, and a Deny of all that the role may not have holds its excess back.
 */
export function removeManaged(
  { drift, arn, text }: { readonly drift: Pick<Drift, "part">; readonly arn: string; readonly text: string },
  target: RepairTarget,
): Repair {
  const { role, reference, compare, needed, kept } = target;
  const detach: Step = { role: role.name, part: drift.part, call: "iam:DetachRolePolicy", policyArn: arn };
  if (tryParsePolicy(text) === undefined)
    return { kind: "refused", reason: `${arn} cannot be read as a policy, and may hold a Deny.` };
  const isHeld = createDenyCover([
    ...role.inline.map((policy) => policy.text),
    ...role.attached.flatMap((policy) =>
      policy.arn !== arn && policy.version.observed ? [policy.version.value.text] : [],
    ),
  ]);
  const others = [...reference.attachments.map(({ document }) => document), ...kept];
  const rest = listNeeded(text, { compare, needed, others });
  const denies = isHeld(text) ? [] : [withoutSids(keepEffect(text, "Deny"))];
  const needs =
    rest.length > 0 ? [JSON.stringify({ Version: readDocument(text).Version, Statement: rest })] : [];
  for (const some of needs.length > 0 ? [needs, []] : [[]]) {
    const lost = some.length < needs.length ? ` ${explainLostNeeds(arn)}` : "";
    if (denies.length + some.length === 0) {
      return { kind: "steps", steps: [detach], ...(lost !== "" && { note: lost.trim() }) };
    }
    const write = findInlineRoom({ ...target, ...nameRest(arn, [...denies, ...some], target) });
    if (write) {
      const steps = [...listWrites(write, target), detach];
      return { kind: "steps", steps, note: `${explainMove(write, arn, role.name)}${lost}` };
    }
  }
  return holdBack(arn, target);
}

function explainMove(write: InlineWrite, arn: string, role: string): string {
  return write.broader
    ? explainBroader(write, role, arn, `the Denies of ${arn}, which is not deleted,`)
    : `The Denies of ${arn}, and what the role needs of it, stay in the inline policy ${write.policyName}.`;
}

/** Returns the inline policy for what stays of a managed one, with what it holds already. */
function nameRest(
  arn: string,
  texts: readonly string[],
  { role }: RepairTarget,
): { readonly policyName: string; readonly document: string } {
  const wanted = `RestOf-${arn.slice(arn.lastIndexOf("/") + 1)}`.slice(0, 128);
  const present = role.inline.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  const document = joinDocuments([...(present ? [withoutSids(present.text)] : []), ...texts]);
  return { policyName: present?.name ?? wanted, document };
}

/** Denies all that the role may not have, so that a policy that stays for its Denies gives nothing. */
function holdBack(arn: string, target: RepairTarget): Repair {
  const { role } = target;
  const why = `${arn} holds Denies that do not fit into the ${room} of ${role.name}`;
  const ask = `Write its Denies into another managed policy of ${role.name}, and detach ${arn}.`;
  const present = listDenies(role.inline.map(({ text }) => text));
  // The one of most Denies holds back most.
  const ways = listBroaderDenies(target.permitted).toSorted((one, other) => other.length - one.length);
  for (const way of ways) {
    if (way.every((deny) => isDenied(deny, present))) {
      const reason = `${why}, so that it stays attached. Its excess is held back by a Deny of all that the role may not have. ${ask}`;
      return { kind: "refused", reason };
    }
    const text = JSON.stringify({ Version: currentVersion, Statement: way.map(printDeny) });
    const write = findInlineRoom({ ...target, ...nameRest(arn, [text], target) });
    if (write) {
      const note = `${why}, so that it stays attached. Its excess is held back: ${write.policyName} denies ${describeBroader}. ${ask} Then delete the statements of ${write.policyName} with NotAction or NotResource.`;
      return { kind: "steps", steps: listWrites(write, target), note };
    }
  }
  return { kind: "refused", reason: `${why}. ${ask}` };
}

function listWrites({ policyName, document }: InlineWrite, { role }: RepairTarget): readonly Step[] {
  const base = { role: role.name, part: inlinePart(policyName), policyName };
  if (readDocument(document).Statement.length > 0) return [{ ...base, call: "iam:PutRolePolicy", document }];
  // The Denies of other policies cover all of it.
  return role.inline.some(({ name }) => name === policyName)
    ? [{ ...base, call: "iam:DeleteRolePolicy" }]
    : [];
}

function explainBroader({ policyName }: InlineWrite, role: string, policy: string, denies: string): string {
  return `The Denies of ${policy} do not fit into the ${room} of ${role}. Instead, ${policyName} denies ${describeBroader}. Denies that this covers are left out. To put them back, write ${denies} into another managed policy, attach that, and delete the statements of ${policyName} with NotAction or NotResource.`;
}

const describeBroader =
  "all that neither the reference, nor a use by AWS Batch, nor an accepted policy allows, also what only a policy of a resource gives the role";

function explainLostNeeds(policy: string): string {
  return `What the role needs of ${policy} does not fit into its inline policies, and is lost with the excess: write it into a managed policy, and attach that.`;
}
