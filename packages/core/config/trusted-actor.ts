import type { Actor } from "../model/actor.ts";
import type { Config } from "./config.ts";
import { matchesName } from "./name-pattern.ts";

/**
 * Whether the owner trusts an actor: their changes are not rolled back without approval. An actor is known by the ARN of
 * the role behind its session, else by its own ARN; never by the session's name, which anyone who may assume the role
 * chooses.
 */
export function isTrusted(actor: Actor, { trustedActors }: Pick<Config, "trustedActors">): boolean {
  const name = identityOf(actor);
  return name !== undefined && trustedActors.some((pattern) => matchesName(pattern, name));
}

function identityOf({ issuer, arn }: Actor): string | undefined {
  if (issuer !== undefined) return issuer;
  return arn !== undefined && /^arn:[^:]*:sts:/.test(arn) ? undefined : arn;
}

/** Returns the actor's most stable name: the role behind a session, else its ARN, its service, or its type. */
export function nameActor({ issuer, arn, service, type }: Actor): string {
  return issuer ?? arn ?? service ?? type;
}
