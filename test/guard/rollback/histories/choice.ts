import type { ConfigInput } from "@drift-guard/core/config/config";
import fc from "fast-check";
import { people } from "./actors.ts";
import type { ReferenceName } from "./worker.ts";

/** What the owner chose, and how the account is. */
export interface Choice {
  readonly reference: ReferenceName;
  readonly rollback: NonNullable<ConfigInput["roles"][string]["rollback"]>;
  /** Whether the pipeline is a trusted actor. */
  readonly trustsPipeline: boolean;
  readonly restoringPerHour: number;
  /** Whether a read found the role clean long ago. */
  readonly isEnrolled: boolean;
  /** Whether the deployment is new, so that rollback writes nothing until a person ends that. */
  readonly isObserving: boolean;
  /** By how many seconds CloudTrail's times are ahead of the functions' clock. */
  readonly trailAheadSeconds: number;
}

/** The hours, in UTC, of the one window that a choice may have. */
export const windowHours = { from: 18, to: 20 } as const;

const mode = fc.constantFrom(
  ...Array.from({ length: 6 }, () => "automatic" as const),
  "approve" as const,
  "off" as const,
  "simulate" as const,
);
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** Draws the owner's choices. */
export const choice: fc.Arbitrary<Choice> = fc.record({
  reference: fc.constantFrom("plain", "shared"),
  rollback: fc.record({
    excess: mode,
    missing: mode,
    altered: mode,
    sessions: fc.constantFrom("approve", "wait", "revoke"),
    windows: fc.constantFrom(
      [],
      [],
      [{ days: [...days], from: `${windowHours.from}:00`, to: `${windowHours.to}:00` }],
    ),
    sharedPolicies: fc.boolean(),
    approvers: fc.constantFrom([], [], [people["on-call"]]),
  }),
  trustsPipeline: fc.boolean(),
  restoringPerHour: fc.constantFrom(1, 2, 20),
  isEnrolled: fc.constantFrom(true, true, true, true, false),
  isObserving: fc.constantFrom(false, false, false, false, false, true),
  trailAheadSeconds: fc.constantFrom(0, 0, 0, -180, -20, 20, 180),
});
