import type { Role } from "../model/role.ts";
import { joinDocuments, readDocument, withoutSids } from "../policy-json.ts";
import { listBroaderDenies } from "./broader-deny.ts";
import { type Deny, isDenied, listDenies, printDeny, shortenDenies } from "./deny-statements.ts";
import { hasEffect } from "./narrowing.ts";

/** IAM's limit of all inline policies of a role together, without white space (docs/aws-facts.md, "IAM limits"). */
export const maxInlineCharacters = 10_240;

/** An inline policy to write, and where there is room for it. */
export interface InlineRequest {
  readonly role: Role;
  readonly policyName: string;
  /** All that the policy should hold. */
  readonly document: string;
  /** Inline policies of the role whose Denies may be written in other words. */
  readonly rewritable: readonly string[];
  /** The policies with all that the role may have. */
  readonly permitted: readonly string[];
}

/** An inline policy that fits into the role. */
export interface InlineWrite {
  readonly policyName: string;
  readonly document: string;
  /** Whether Denies of more replace some of it. */
  readonly broader: boolean;
}

/**
 * Returns an inline policy that fits into IAM's limit and denies no less: as it is; with Denies that others cover left out
 * and the rest joined; or with a Deny of all that the role may not have in place of the Denies that it covers. It is written
 * into another inline policy, with that one's statements, where only this makes room. Undefined if nothing fits.
 */
export function findInlineRoom(request: InlineRequest): InlineWrite | undefined {
  const { role, policyName, document, permitted } = request;
  if (fits(role, policyName, document)) return { policyName, document, broader: false };
  for (const broader of [[], ...listBroaderDenies(permitted)]) {
    for (const host of listHosts(request)) {
      const shortened = shorten(host.document, broader, listOtherDenies(role, host.policyName));
      if (fits(role, host.policyName, shortened)) {
        return { policyName: host.policyName, document: shortened, broader: broader.length > 0 };
      }
    }
  }
  return undefined;
}

const maxHosts = 20;

function listHosts({ role, policyName, document, rewritable }: InlineRequest): readonly {
  readonly policyName: string;
  readonly document: string;
}[] {
  const own = { policyName, document };
  // A policy that exists already stays: its statements are not moved.
  if (role.inline.some(({ name }) => name === policyName)) return [own];
  const others = role.inline
    .filter(({ name, text }) => rewritable.includes(name) && listDenies([text]).length > 0)
    .toSorted((one, other) => other.text.length - one.text.length)
    .slice(0, maxHosts);
  return [
    own,
    ...others.map(({ name, text }) => ({
      policyName: name,
      document: joinDocuments([withoutSids(text), withoutSids(document)]),
    })),
  ];
}

/** Returns the Denies of a role's policies, without those of one inline policy and of those that are to be removed. */
function listOtherDenies({ inline }: Role, policyName: string): readonly Deny[] {
  return listDenies(inline.flatMap(({ name, text }) => (name === policyName ? [] : [text])));
}

function shorten(document: string, broader: readonly Deny[], others: readonly Deny[]): string {
  const joined = joinDocuments([withoutSids(document)]);
  const added = broader.filter((deny) => !isDenied(deny, others));
  const denies = [...added, ...shortenDenies(listDenies([joined]), [...broader, ...others])];
  const { Statement, ...rest } = readDocument(joined);
  const allows = Statement.filter((statement) => !hasEffect(statement, "Deny"));
  return JSON.stringify({ ...rest, Statement: [...allows, ...denies.map(printDeny)] });
}

/** Whether an inline policy of a name fits into a role beside its others. */
export function fits({ inline }: Pick<Role, "inline">, name: string, document: string): boolean {
  const size = sizeOf(document);
  const present = inline.find((policy) => policy.name === name);
  if (present !== undefined && size <= sizeOf(present.text)) return true;
  const others = inline.filter((policy) => policy.name !== name);
  return others.reduce((sum, { text }) => sum + sizeOf(text), size) <= maxInlineCharacters;
}

function sizeOf(text: string): number {
  return text.replaceAll(/\s/g, "").length;
}
