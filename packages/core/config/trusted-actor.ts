import type { Actor } from "../model/actor.ts";
import type { Config } from "./config.ts";
import { matchesName } from "./name-pattern.ts";

/** Whether an actor is one of those whose changes are not undone without a person's approval. */
export function isTrusted({ arn, issuer }: Actor, { trustedActors }: Pick<Config, "trustedActors">): boolean {
  return [issuer, arn].some(
    (name) => name !== undefined && trustedActors.some((pattern) => matchesName(pattern, name)),
  );
}

/** An actor by the name that stays the same from login to login. */
export function nameActor({ issuer, arn, service, type }: Actor): string {
  return issuer ?? arn ?? service ?? type;
}
