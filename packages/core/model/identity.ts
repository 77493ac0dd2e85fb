import { canonicalText } from "@drift-guard/policy/canonical";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Evidence } from "./evidence.ts";
import type { Grant } from "./grant.ts";
import { printRoleKey, type Role, type RoleKey } from "./role.ts";

/** A finding's identity: hash of account, role, part, and side, or kind where it is no drift. 32 hex digits. */
export function identifyFinding(role: RoleKey, evidence: Evidence): string {
  return digestOf([printRoleKey(role), evidence.part, sideOf(evidence)]).slice(0, 32);
}

function sideOf(evidence: Evidence): string {
  if (evidence.kind === "drift") return evidence.side;
  return evidence.kind === "note" ? `note ${evidence.topic}` : evidence.kind;
}

/** Hash of what a piece of evidence says, blind to examples and to where statements stand. */
export function digestEvidence(evidence: Evidence): string {
  switch (evidence.kind) {
    case "drift":
      return digestOf([
        evidence.side,
        evidence.part,
        printGrants(evidence.grants),
        printGrants(evidence.denies),
        evidence.detail,
      ]);
    case "vendor-change":
      return digestOf([evidence.part, printGrants(evidence.added), printGrants(evidence.removed)]);
    case "note":
      return digestOf([evidence.topic, evidence.part, evidence.details, printGrants(evidence.grants)]);
    case "undecided":
      return digestOf([evidence.part, [...evidence.reasons].sort()]);
    case "attempt":
    case "impersonation":
      return digestOf([evidence.kind, evidence.changeId]);
  }
}

/** Hash of all that a rollback may overwrite, so that a role which moved since it was read is recognised. */
export function digestRole(role: Role): string {
  return digestOf([
    role.id,
    role.arn,
    canonicalise(role.trust),
    role.attached.map(({ arn }) => arn).sort(),
    role.inline.map(({ name, text }) => [name, canonicalise(text)]).sort(),
    role.boundary.observed ? (role.boundary.value?.arn ?? null) : "unseen",
  ]);
}

// IAM gives a document back in its own spelling: what it means has to be the same, not how it is written.
function canonicalise(text: string): string {
  try {
    return canonicalText(parsePolicy(text));
  } catch (error) {
    if (error instanceof PolicySyntaxError) return text;
    throw error;
  }
}

/** The texts of grants, sorted: two lists of grants are the same grants if these are the same. */
export function printGrants(grants: readonly Grant[]): readonly string[] {
  return grants.map(({ example: _, statements: __, nearest: ___, ...grant }) => canonicalJson(grant)).sort();
}

/** Hash of any value, whatever the order of its keys. */
export function digestOf(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalJson(value))));
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
