import { parseArn, parseIamArn } from "@drift-guard/core/model/arn";
import type { PolicyDocument, PolicyStatement } from "@drift-guard/policy/document";
import type { PolicyPrincipal } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import { PolicySyntaxError } from "@drift-guard/policy/syntax-error";
import { IamRefusedError } from "./refused-error.ts";
import { findRole, type IamState, type StoredRole } from "./state.ts";

/**
 * The largest documents in characters (docs/aws-facts.md, "IAM limits"). The simulation does not count white space in any
 * of them.
 */
export const documentLimits = { trust: 2_048, inline: 10_240, managed: 6_144 };

/** Returns the size of a document that is compared with its limit: in characters, without white space. */
export function documentSize(text: string): number {
  return text.replaceAll(/\s/g, "").length;
}

/** Throws `IamRefusedError` with `MalformedPolicyDocument` if IAM would not accept a permissions document. */
export function checkPermissions(text: string): void {
  const document = readDocument(text);
  for (const statement of document.statements) {
    if (statement.principals) throw malformed("Policy document should not specify a principal.");
    if (!statement.resources?.entries.length) throw malformed("Policy statement must contain resources.");
    for (const resource of statement.resources.entries) {
      if (resource !== "*" && !/^arn:/i.test(resource)) {
        throw malformed(`Resource ${resource} must be in ARN format or "*".`);
      }
    }
    for (const action of statement.actions.entries) {
      if (action !== "*" && !/^[a-z0-9-]+:.+$/i.test(action)) {
        throw malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      }
    }
  }
  checkSids(document);
}

/**
 * Returns the unique ids of the account's own roles that a trust document names, by ARN: IAM stores those instead of the
 * ARNs. Accepts every user and every principal of another account. Throws `IamRefusedError` if IAM would not accept the
 * document.
 */
export function checkTrust(state: IamState, text: string): ReadonlyMap<string, string> {
  const document = readDocument(text);
  const trusted = new Map<string, string>();
  for (const statement of document.statements) {
    if (statement.resources) throw malformed("Has prohibited field Resource");
    if (!statement.principals?.entries.length)
      throw malformed("AssumeRolepolicy contained an invalid principal.");
    if (!statement.actions.entries.every((action) => /^sts:/i.test(action))) {
      throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    for (const principal of statement.principals.entries) {
      const role = resolvePrincipal(state, principal);
      if (role) trusted.set(principal.id, role.id);
    }
  }
  const size = documentSize(text);
  if (size > documentLimits.trust) {
    throw new IamRefusedError(
      "LimitExceeded",
      `Cannot exceed quota for ACLSizePerRole: ${documentLimits.trust}`,
    );
  }
  return trusted;
}

/**
 * Returns a role's trust as IAM shows it. A trusted role that was deleted appears as its unique id, even if a role of the
 * same name was created since (docs/aws-facts.md, "IAM reads and writes").
 */
export function showTrust(state: IamState, role: StoredRole): string {
  const deleted = new Map([...role.trusted].filter(([, id]) => !state.roles.some((one) => one.id === id)));
  if (deleted.size === 0) return role.trust;
  const show = (id: unknown) => (typeof id === "string" && deleted.get(id)) || id;
  // Only principals change. A condition on the same ARN compares text and keeps it.
  const revive = (key: string, value: unknown) => {
    if (key !== "AWS") return value;
    return Array.isArray(value) ? value.map(show) : show(value);
  };
  return JSON.stringify(JSON.parse(role.trust, revive));
}

function resolvePrincipal(state: IamState, { type, id }: PolicyPrincipal): StoredRole | undefined {
  const invalid = () => malformed(`Invalid principal in policy: "${type.toUpperCase()}":"${id}"`);
  if (type === "Service" && !/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(id)) throw invalid();
  if (type !== "AWS" || id === "*") return undefined;
  if (/^A(?:RO|ID)A[A-Z0-9]+$/.test(id)) {
    // IAM does not accept the id of a deleted entity.
    const role = state.roles.find((one) => one.id === id);
    if (!role) throw invalid();
    return role;
  }
  if (/^\d{12}$/.test(id)) return undefined;
  const { service = "", region, account = "", resource } = parseArn(id) ?? {};
  if (!/^(?:iam|sts)$/.test(service) || region !== "" || !/^\d{12}$/.test(account) || !resource)
    throw invalid();
  const named = parseIamArn(id);
  if (named?.type !== "role" || account !== state.account) return undefined;
  const role = findRole(state, named.name);
  if (role?.arn !== id) throw invalid();
  return role;
}

function readDocument(text: string): PolicyDocument {
  if (!/^\s*\{/.test(text)) throw malformed("This policy contains invalid Json");
  try {
    const document = parsePolicy(text);
    if (document.statements.length === 0) throw malformed("Syntax errors in policy.");
    if (!document.statements.every(hasActions)) throw malformed("Policy statement must contain actions.");
    return document;
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error;
    throw malformed(error.position ? "This policy contains invalid Json" : "Syntax errors in policy.");
  }
}

function hasActions(statement: PolicyStatement): boolean {
  return statement.actions.entries.length > 0;
}

function checkSids(document: PolicyDocument): void {
  const sids = document.statements.flatMap(({ sid }) => sid || []);
  if (new Set(sids).size < sids.length) {
    throw malformed("Statement IDs (SID) in a single policy must be unique.");
  }
  if (!sids.every((sid) => /^[0-9A-Za-z]+$/.test(sid))) {
    throw malformed(
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
  }
}

function malformed(message: string): IamRefusedError {
  return new IamRefusedError("MalformedPolicyDocument", message);
}
