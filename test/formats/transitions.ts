import type { Evidence } from "@drift-guard/core/model/evidence";
import { type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import type { Standing } from "@drift-guard/core/rollback/standing";
import fc from "fast-check";
import {
  account,
  aDrift,
  aFinding,
  aGrant,
  anActor,
  aPlan,
  aTransition,
  everyEvidence,
  noon,
} from "../builders.ts";

/** Text that tries to break out of its context. */
export const evil = "`x`\u001b[31m\n<!channel> [a](https://evil.example) @here \u202Efake";

/** Whether a line of a text message is an address of the AWS console, in which no text from outside can lead elsewhere. */
export function isLink(line: string): boolean {
  return /^(?:Console|CloudTrail): +https:\/\/(?:[a-z0-9-]+\.)?(?:console\.aws\.amazon\.com|console\.amazonaws\.cn|console\.amazonaws-us-gov\.com)\/[\w/?=#%-]+$/.test(
    line,
  );
}

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
      const exception = { owner: evil + long, reason: evil + long, expires: noon };
      const steps = aPlan().steps.map((step) => ({ ...step, role: evil }));
      return [
        aTransition({ kind, finding }),
        aTransition({
          kind,
          finding,
          actor,
          note: evil + long,
          exception,
          ...(kind === "simulated" && { steps: Array.from({ length: 100 }, () => steps).flat() }),
        }),
      ];
    }),
  );
}

/** Every kind of standing, with hostile text; and whether a subject names it. */
export function everyStanding(): readonly (readonly [Standing, boolean])[] {
  const long = `${evil}${"long".repeat(500)}`;
  return [
    [{ kind: "resolved", because: "clean" }, false],
    [{ kind: "resolved", because: "deleted" }, false],
    [{ kind: "resolved", because: "unwatched" }, false],
    [{ kind: "closed" }, false],
    [{ kind: "suppressed", owner: long, reason: long, until: noon }, false],
    [{ kind: "expiring", owner: long, reason: long, expires: noon, isPart: false, next: "undoing" }, true],
    [
      {
        kind: "expiring",
        owner: "ana",
        reason: evil,
        expires: noon,
        configured: true,
        isPart: true,
        next: "off",
      },
      true,
    ],
    [{ kind: "report-only" }, false],
    [{ kind: "undone" }, true],
    [{ kind: "observed", because: "not-named" }, true],
    [{ kind: "observed", because: "pattern" }, true],
    [{ kind: "observed", because: "path" }, true],
    [{ kind: "service-linked" }, true],
    [{ kind: "off", side: "altered" }, true],
    [{ kind: "simulated", side: "missing" }, true],
    [{ kind: "by-hand", because: "role" }, true],
    [{ kind: "by-hand", because: "profile" }, true],
    [{ kind: "by-hand", because: "deny" }, true],
    [{ kind: "by-hand", because: "other" }, true],
    [{ kind: "undoing", side: "excess" }, true],
    [{ kind: "approval", approvers: [long, long, long, long], trusted: [long, long] }, true],
    [{ kind: "approved", by: long, from: noon }, true],
    [{ kind: "paused", scope: "role", by: long, until: noon, reason: long }, true],
    [{ kind: "observing", until: noon }, true],
    [{ kind: "contested" }, true],
    [{ kind: "seeking-author", until: noon }, true],
    [{ kind: "window" }, true],
    [{ kind: "refused", reason: long, retries: true }, true],
  ];
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constantFrom(
    evil,
    "https://evil.example/a",
    "www.evil.example",
    "[a](https://evil.example)",
    "x".repeat(3000),
  ),
);
const name = fc.string({ unit: "binary", minLength: 1, maxLength: 300 });

/** Draws transitions whose every text was written by a stranger, with up to 3,000 grants. */
export const aHostileTransition: fc.Arbitrary<Transition> = fc
  .record({
    kind: fc.constantFrom(...TransitionKind.options),
    words: fc.array(text, { minLength: 6, maxLength: 6 }),
    role: name,
    part: fc.constantFrom("inline", "managed", "tag"),
    side: fc.constantFrom("excess", "missing", "altered"),
    count: fc.constantFrom(0, 1, 20, 3000),
  })
  .map(({ kind, words, role, part, side, count }) => {
    const [first = "", second = "", third = "", fourth = "", fifth = "", sixth = ""] = words;
    const evidence = aDrift({
      part: `${part}:${first}`,
      side,
      detail: second,
      grants: Array.from({ length: count }, (_, index) =>
        aGrant({ actions: [`${third}${index}`], resources: [fourth] }),
      ),
    });
    const state = kind === "resolved" ? "resolved" : kind === "suppressed" ? "suppressed" : "open";
    const finding = aFinding({
      role: { account, name: role },
      evidence,
      state,
      usedBy: [fifth],
      symptoms: [sixth],
    });
    const actor = anActor({ arn: fifth, userAgent: first, sourceIp: second });
    const exception = { owner: second, reason: third, expires: noon };
    return aTransition({ kind, finding, actor, note: sixth, exception });
  });
