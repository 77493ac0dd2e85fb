import { canonicalText } from "@drift-guard/policy/canonical";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Evidence } from "./evidence.ts";
import type { Grant } from "./grant.ts";
import { formatRoleKey, type Role, type RoleKey } from "./role.ts";

/**
 * Returns the identity of a finding: a hash of the account, the role, the part, and the side (or the kind, if it is no
 * drift). 32 hex digits.
 */
export function identifyFinding(role: RoleKey, evidence: Evidence): string {
  return digestOf([formatRoleKey(role), evidence.part, sideOf(evidence)]).slice(0, 32);
}

function sideOf(evidence: Evidence): string {
  if (evidence.kind === "drift") return evidence.side;
  return evidence.kind === "note" ? `note ${evidence.topic}` : evidence.kind;
}

/**
 * Returns a hash of what evidence says, without examples and positions of statements. 64 hex digits. Evidence of which a
 * part is left out, because it is too large or accepted, has the hash of the whole.
 */
export function digestEvidence(evidence: Evidence): string {
  if ("omitted" in evidence && evidence.omitted) return evidence.omitted.digest;
  if ("covered" in evidence && evidence.covered) return evidence.covered.digest;
  switch (evidence.kind) {
    case "drift":
      return digestOf([
        evidence.side,
        evidence.part,
        serialiseGrants(evidence.grants),
        serialiseGrants(evidence.denies),
        evidence.detail,
      ]);
    case "vendor-change":
      return digestOf([
        evidence.part,
        serialiseGrants(evidence.added),
        serialiseGrants(evidence.removed),
        ...(evidence.lost ? ["lost"] : []),
      ]);
    case "note":
      return digestOf([evidence.topic, evidence.part, evidence.details, serialiseGrants(evidence.grants)]);
    case "undecided":
      return digestOf([evidence.part, [...evidence.reasons].sort()]);
    case "attempt":
    case "impersonation":
      return digestOf([evidence.kind, evidence.changeId]);
  }
}

/** Returns a hash of everything that a rollback may overwrite, to detect a change of the role after it was read. */
export function digestRole(role: Role): string {
  return digestOf([
    role.id,
    role.arn,
    canonicalise(role.trust),
    role.attached.map(({ arn }) => arn).sort(),
    role.inline.map(({ name, text }) => [name, canonicalise(text)]).sort(),
    role.boundary.observed ? (role.boundary.value?.arn ?? null) : "unseen",
    ...[role.description, role.maxSession, role.tags].map((part) => (part.observed ? part.value : "unseen")),
  ]);
}

// IAM may return a document in another spelling, so its canonical form is compared.
function canonicalise(text: string): string {
  try {
    return canonicalText(parsePolicy(text));
  } catch (error) {
    if (error instanceof PolicySyntaxError) return text;
    throw error;
  }
}

/** Returns the texts of grants, sorted. Two lists hold the same grants exactly if these texts are equal. */
export function serialiseGrants(grants: readonly Grant[]): readonly string[] {
  return grants.map(({ example: _, statements: __, nearest: ___, ...grant }) => canonicalJson(grant)).sort();
}

/** Returns the SHA-256 of a value's JSON with sorted keys, in hex. */
export function digestOf(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalJson(value))));
}

/**
 * Returns JSON with sorted keys, so that equal values have equal texts. Stored digests depend on it. Keys that are numbers
 * come first, by size, as in every object of JavaScript.
 */
function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  // Parts have a text of their own in JSON.
  if ("toJSON" in value && typeof value.toJSON === "function") return canonicalJson(value.toJSON());
  const keys = Object.keys(value);
  // JavaScript lists keys that are numbers first.
  const names = keys.findIndex((key) => !isIndex(key));
  const sorted = names === 0 ? keys.sort() : [...keys.slice(0, names), ...keys.slice(names).sort()];
  let text = "";
  for (const key of sorted) {
    const member: unknown = Reflect.get(value, key);
    if (member !== undefined) text += `${text && ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Whether a key is a number to JavaScript: it then stands before all names. */
function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57 && String(Number(key) >>> 0) === key && key !== "4294967295";
}
