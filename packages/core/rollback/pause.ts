import type { Actor } from "../model/actor.ts";
import { type Instant, isBefore } from "../model/instant.ts";

/** A person's decision that nothing is rolled back until a time, in the account or for one role. */
export interface PauseInForce {
  readonly scope: "account" | "role";
  /** ARN of the principal who made it: of the session, where they have one. */
  readonly by: string;
  readonly until: Instant;
  readonly reason: string;
}

/**
 * Returns the pause that holds for a drift at `now`: of those in force, the one that ends last. A pause by one of the
 * drift's own makers does not hold for it. `makers` is empty where it is not known who made the drift.
 */
export function findPauseOf<Pause extends PauseInForce>(
  pauses: readonly Pause[],
  makers: readonly Actor[],
  now: Instant,
): Pause | undefined {
  return pauses
    .filter(({ by, until }) => isBefore(now, until) && !makers.some((actor) => isSamePrincipal(actor, by)))
    .toSorted((a, b) => Date.parse(a.until) - Date.parse(b.until))
    .at(-1);
}

/**
 * Whether an ARN names an actor, or the role behind its session. A session's name counts for nothing, because who assumes a
 * role chooses it; except for roles of IAM Identity Center, where it is the person's user name
 * (docs/aws-facts.md, "Signed requests to STS").
 */
export function isSamePrincipal({ arn, issuer, session }: Actor, other: string): boolean {
  if (other === arn || other === issuer) return true;
  const theirs = readSession(other);
  const own = issuer === undefined ? arn && readSession(arn)?.role : readRole(issuer);
  if (theirs === undefined || theirs.role !== own) return false;
  if (issuer === undefined || !isOfIdentityCenter(issuer)) return true;
  const user = session ?? (arn && readSession(arn)?.session);
  return user === undefined || user.toLowerCase() === theirs.session.toLowerCase();
}

// Nobody can make a role at a path that IAM reserves.
function isOfIdentityCenter(role: string): boolean {
  return /^arn:[^:]+:iam::\d{12}:role\/aws-reserved\/sso\.amazonaws\.com\//.test(role);
}

// The ARN of a session names the role without its path.
function readSession(arn: string): { readonly role: string; readonly session: string } | undefined {
  const [, account, name, session] = /^arn:[^:]+:sts::(\d{12}):assumed-role\/([^/]+)\/(.+)$/.exec(arn) ?? [];
  return account === undefined || session === undefined ? undefined : { role: `${account}/${name}`, session };
}

function readRole(arn: string): string | undefined {
  const [, account, name] = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  return account === undefined ? undefined : `${account}/${name}`;
}
