import type { Transition } from "@drift-guard/core/model/transition";
import type { Standing } from "@drift-guard/core/rollback/standing";

/** What people and hubs are told of one transition. Every format is a pure function of it. */
export interface Announcement {
  /** As it is stored. */
  readonly transition: Transition;
  /** What the guard does about the finding, as of the time of sending. */
  readonly standing: Standing;
  /** The stage of the deployment, with which commands name the guard; left out for an embedded guard. */
  readonly stage?: string;
}
