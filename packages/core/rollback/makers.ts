import type { Config } from "../config/config.ts";
import { isTrusted } from "../config/trusted-actor.ts";
import type { Actor } from "../model/actor.ts";
import { type Instant, isBefore } from "../model/instant.ts";
import type { PlanningControl } from "./planning.ts";

/** What the control record knows of the changes behind a role's drifts. */
export type KnownCauses = Pick<PlanningControl, "causes" | "rollbacks">;

/** Returns the changes that made a drift, since it was last rolled back, the last at the end. */
export function listCauses(id: string, { causes, rollbacks }: KnownCauses): PlanningControl["causes"] {
  const ends = rollbacks.flatMap((rollback) =>
    rollback.status === "done" && rollback.plan.findings.includes(id) ? [rollback.startedAt] : [],
  );
  const isSince = (at: Instant | undefined) => at === undefined || !ends.some((end) => isBefore(at, end));
  return causes.filter(
    ({ findingId, at, undoneBy }) => findingId === id && undoneBy === undefined && isSince(at),
  );
}

/** Returns everybody who made a drift or added to it, since it was last rolled back, the last at the end. */
export function listMakers(id: string, known: KnownCauses): readonly Actor[] {
  return listCauses(id, known).map(({ actor }) => actor);
}

/**
 * Returns the makers of a drift if the owner trusts them all, and nobody otherwise: a drift to which somebody else added
 * is not left for the sake of a trusted actor.
 */
export function listTrusted(
  makers: readonly Actor[],
  config: Pick<Config, "trustedActors"> | undefined,
): readonly Actor[] {
  return config !== undefined && makers.every((actor) => isTrusted(actor, config)) ? makers : [];
}
