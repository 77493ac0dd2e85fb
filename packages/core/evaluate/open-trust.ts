import { decide } from "@drift-guard/policy/decide";
import type { PolicyDocument } from "@drift-guard/policy/document";
import type { Note } from "../model/evidence.ts";
import { partOf } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { tryParsePolicy } from "../policy-json.ts";

type TrustedRole = Pick<Role, "name" | "account" | "partition" | "trust">;

// Cap on the output: more is noise.
const maxStatements = 3;

/**
 * Returns a note if anyone, in any AWS account, can assume a role: a statement of its trust policy allows it to a principal of
 * another account that has nothing but MFA, and no Deny keeps that principal out. The reference allows it, so it is no
 * drift. No note if the trust policy cannot be parsed.
 */
export function noteOpenTrust(role: TrustedRole): readonly Note[] {
  const sentence = describeOpenTrust(role);
  if (sentence === undefined) return [];
  const details = [
    `${sentence} The reference allows that, so it is no drift. Name in the trust policy and in the reference who needs the role.`,
  ];
  return [{ kind: "note", part: partOf("trust"), topic: "open-trust", details, grants: [] }];
}

/** Returns a sentence that names the statements by which anyone can assume a role (`noteOpenTrust`); undefined if none. */
export function describeOpenTrust(role: TrustedRole): string | undefined {
  const statements = listOpenStatements(role);
  if (statements.length === 0) return undefined;
  const named = statements.slice(0, maxStatements).join(", ");
  const more = statements.length - maxStatements;
  const all = more > 0 ? `${named} and ${more} more` : named;
  return `${all} of the trust policy ${statements.length === 1 ? "lets" : "let"} anyone, in any AWS account, assume ${role.name}.`;
}

function listOpenStatements(role: TrustedRole): readonly string[] {
  // Every other principal is named.
  if (!/\*|NotPrincipal/i.test(role.trust)) return [];
  const document = tryParsePolicy(role.trust);
  if (document === undefined) return [];
  return document.statements.flatMap((statement, index) => {
    const alone: PolicyDocument = {
      ...document,
      statements: document.statements.filter((other) => other === statement || other.effect === "Deny"),
    };
    if (statement.effect !== "Allow" || !letsInStranger(alone, role)) return [];
    return [`$.Statement[${index}]${statement.sid === undefined ? "" : ` (${statement.sid})`}`];
  });
}

// AWS gives no account these ids.
const strangers = ["000000000000", "000000000001"] as const;

function letsInStranger(trust: PolicyDocument, { account, partition }: TrustedRole): boolean {
  const [first, second] = strangers;
  const stranger = account === first ? second : first;
  const id = `arn:${partition}:iam::${stranger}:role/stranger`;
  const context = {
    "aws:principalaccount": stranger,
    "aws:principalarn": id,
    "aws:principaltype": "AssumedRole",
    "aws:securetransport": "true",
    "aws:multifactorauthpresent": "true",
    "aws:sourceip": "192.0.2.1",
  };
  const request = { principal: { type: "AWS", id }, action: "sts:AssumeRole", context } as const;
  return decide(request, [trust], { partition }) === "allowed";
}
