import { stageOf } from "@drift-guard/core/config/deployment";
import type { FunctionName } from "@drift-guard/core/config/environment";
import { instantOf } from "@drift-guard/core/model/instant";
import type { Transition } from "@drift-guard/core/model/transition";
import type { ControlStore } from "@drift-guard/core/ports";
import { findStanding, type StandingInput } from "@drift-guard/core/rollback/standing";
import type { Announcement } from "@drift-guard/formats/announcement";

/** What a transition's announcement is made with. */
export interface AnnouncementPorts {
  readonly control: Pick<ControlStore, "load">;
  readonly config: StandingInput["config"];
  now(): Date;
}

/**
 * Returns the announcement of a transition, with what the guard does about its finding at this time: from the configuration
 * that the function is bundled with, and from the control table, which only respond and rollback write. `functionName`
 * names the stage. Throws `StoreUnavailableError`.
 */
export async function announce(
  transition: Transition,
  { control, config, now }: AnnouncementPorts,
  [functionName, purpose]: readonly [functionName: string, purpose: FunctionName],
): Promise<Announcement> {
  const record = await control.load(transition.finding.role);
  const stage = stageOf(functionName, purpose);
  return {
    transition,
    standing: findStanding(transition, { config, control: record, now: instantOf(now()) }),
    ...(stage !== undefined && { stage }),
  };
}
