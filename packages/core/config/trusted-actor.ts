import type { Actor } from "../model/actor.ts";
import type { Config } from "./config.ts";
import { matchesName } from "./name-pattern.ts";

/** Whether the owner trusts an actor: their changes are not rolled back without approval. */
export function isTrusted({ arn, issuer }: Actor, { trustedActors }: Pick<Config, "trustedActors">): boolean {
  return [issuer, arn].some(
    (name) => name !== undefined && trustedActors.some((pattern) => matchesName(pattern, name)),
  );
}

/** Returns the actor's most stable name: the role behind a session, else its ARN, its service, or its type. */
export function nameActor({ issuer, arn, service, type }: Actor): string {
  return issuer ?? arn ?? service ?? type;
}
