import type { PolicyPrincipal } from "../model/grant.ts";
import { noteWork } from "../support/step-budget.ts";

/** An AWS principal, by the parts of its ARN or account id. */
interface AwsIdentity {
  /** Undefined for a bare account id. */
  readonly partition: string | undefined;
  readonly account: string;
  readonly service: "iam" | "sts";
  /** `root`, `role/path/Name`, `assumed-role/Name/session`, … */
  readonly name: string;
}

const accountId = /^\d{12}$/;
const uniqueId = /^(?:AROA|AIDA|AGPA)[A-Z0-9]{12,}$/;
const identityArn = /^arn:([^:]+):(iam|sts)::(\d{12}):(.+)$/;
// In China these services have also a principal that ends in `.amazonaws.com.cn` (CDK, region-info).
const servicesWithChineseName = new Set(["ec2", "elasticmapreduce", "codedeploy", "logs"]);

// An entry of a long list is compared with hundreds of others, and reading an id takes most of that.
const identities = new WeakMap<PolicyPrincipal, AwsIdentity | "none">();

/** Reads the ARN or account id of an AWS principal. Returns undefined for `*`, unique ids and other principals. */
export function readIdentity(principal: PolicyPrincipal): AwsIdentity | undefined {
  let identity = identities.get(principal);
  if (!identity) {
    identity = parseIdentity(principal) ?? "none";
    identities.set(principal, identity);
  }
  return identity === "none" ? undefined : identity;
}

function parseIdentity({ type, id }: PolicyPrincipal): AwsIdentity | undefined {
  if (type !== "AWS") return undefined;
  if (accountId.test(id)) return { partition: undefined, account: id, service: "iam", name: "root" };
  const [, partition, service, account, name] = identityArn.exec(id) ?? [];
  if (!account || !name) return undefined;
  return { partition, account, service: service === "sts" ? "sts" : "iam", name };
}

/**
 * Whether the id of an AWS principal is the unique id of a role, user or group. IAM shows a principal by its unique id
 * after it was deleted; a new principal of the same name does not match (IAM User Guide, "Principal element").
 */
export function isUniqueId(id: string): boolean {
  return uniqueId.test(id);
}

/** Returns the canonical form of a principal: the root ARN of an account id, the plain name of a Chinese service. */
export function canonicalPrincipal(principal: PolicyPrincipal, partition: string): PolicyPrincipal {
  const { type, id } = principal;
  if (type === "AWS" && accountId.test(id)) return { type, id: `arn:${partition}:iam::${id}:root` };
  if (type === "Service" && partition === "aws-cn") {
    const [, name] = /^([^.]+)\.amazonaws\.com\.cn$/.exec(id) ?? [];
    if (name && servicesWithChineseName.has(name)) return { type, id: `${name}.amazonaws.com` };
  }
  return principal;
}

/**
 * Whether an entry of a Principal element matches a principal: `*` matches everyone, an account its principals, a role
 * its sessions. Both must be in canonical form.
 */
export function coversPrincipal(entry: PolicyPrincipal, principal: PolicyPrincipal): boolean {
  noteWork(16);
  if (entry.type === "AWS" && entry.id === "*") return true;
  if (entry.type !== principal.type) return false;
  if (entry.id === "*" || entry.id === principal.id) return true;
  const owner = readIdentity(entry);
  const other = readIdentity(principal);
  if (!owner || !other) return false;
  if (owner.account !== other.account || owner.partition !== other.partition) return false;
  if (owner.name === "root") return owner.service === "iam";
  return owner.service === "iam" && other.service === "sts" && isSessionOf(owner.name, other.name);
}

function isSessionOf(role: string, session: string): boolean {
  const name = readRoleName(role);
  return name !== undefined && session.startsWith(`assumed-role/${name}/`);
}

/** Returns the name of a role without its path; the ARNs of its sessions have no path. */
function readRoleName(role: string): string | undefined {
  return role.startsWith("role/") ? role.slice(role.lastIndexOf("/") + 1) : undefined;
}

/** Makes up a session of a role. Returns undefined if the principal is no role. */
export function inventSession(principal: PolicyPrincipal): PolicyPrincipal | undefined {
  const role = readIdentity(principal);
  const name = role?.service === "iam" ? readRoleName(role.name) : undefined;
  if (role?.partition === undefined || name === undefined) return undefined;
  return { type: "AWS", id: `arn:${role.partition}:sts::${role.account}:assumed-role/${name}/any-session` };
}

/** Whether two entries match a common principal. Roles of one name and different paths have the same sessions. */
export function overlapsPrincipal(one: PolicyPrincipal, other: PolicyPrincipal): boolean {
  if (coversPrincipal(one, other) || coversPrincipal(other, one)) return true;
  const session = inventSession(one);
  return session !== undefined && session.id === inventSession(other)?.id;
}
