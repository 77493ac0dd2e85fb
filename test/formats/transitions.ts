import type { Evidence } from "@drift-guard/core/model/evidence";
import { type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { aDrift, aFinding, aGrant, anActor, aPlan, aTransition, everyEvidence } from "../builders.ts";

/** Text that tries to break out of its context. */
export const evil = "`x`\u001b[31m\n<!channel> [a](https://evil.example) @here \u202Efake";

/** Every kind of transition with every kind of evidence: ordinary, hostile, short and far too long. */
export function everyTransition(): readonly Transition[] {
  const long = "long".repeat(5000);
  const pieces: readonly Evidence[] = [
    ...everyEvidence(),
    aDrift({ part: "trust", side: "excess" }),
    aDrift({ part: "boundary", side: "altered", grants: [], detail: evil }),
    aDrift({ part: `inline:${evil}`, side: "excess", grants: [aGrant({ actions: [evil] })] }),
    aDrift({
      part: `managed:${long}`,
      detail: long,
      grants: Array.from({ length: 500 }, (_, index) => aGrant({ actions: [`${index}${long}`] })),
    }),
  ];
  return pieces.flatMap((evidence) =>
    TransitionKind.options.flatMap((kind) => {
      const state = kind === "resolved" ? "resolved" : kind === "suppressed" ? "suppressed" : "open";
      const finding = aFinding({ evidence, state });
      const actor = anActor({ arn: evil, userAgent: long });
      const steps = aPlan().steps.map((step) => ({ ...step, role: evil }));
      return [
        aTransition({ kind, finding }),
        aTransition({
          kind,
          finding,
          actor,
          note: evil + long,
          ...(kind === "simulated" && { steps: Array.from({ length: 100 }, () => steps).flat() }),
        }),
      ];
    }),
  );
}
