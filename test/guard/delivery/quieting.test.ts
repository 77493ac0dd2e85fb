import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyHubFinding, type HubFinding, type Quieting } from "@drift-guard/core/model/hub";
import { digestEvidence } from "@drift-guard/core/model/identity";
import type { Instant } from "@drift-guard/core/model/instant";
import { type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { findQuietEnd, isQuiet } from "@drift-guard/guard/delivery/quieting";
import { aDrift, aFinding, aGrant, aTransition, noon, secondsAfterNoon } from "../../builders.ts";

const evidence = aDrift();
const transition = (over: Partial<Transition> = {}) =>
  aTransition({ finding: aFinding({ severity: "HIGH", evidence }), ...over });
const state = (kind: Quieting["kind"]): HubFinding => ({
  ...emptyHubFinding(),
  quieting: {
    kind,
    digest: digestEvidence(evidence),
    at: noon,
    ...(kind === "suppressed" && { until: secondsAfterNoon(60) }),
  },
});
const suppressedUntil = (until: Instant, at: Instant = noon): HubFinding => ({
  ...emptyHubFinding(),
  quieting: { kind: "suppressed", digest: digestEvidence(evidence), at, until },
});
const quietKinds = (kind: Quieting["kind"]) =>
  TransitionKind.options.filter((each) => isQuiet(transition({ kind: each }), state(kind), noon));

describe("A suppression in Security Hub", () => {
  it("keeps people from being told of exactly its evidence, and of nothing that the guard or a person did", () => {
    assert.deepEqual(quietKinds("suppressed"), [
      "opened",
      "worsened",
      "improved",
      "attributed",
      "resolved",
      "reopened",
      "recurred",
      "simulated",
    ]);
  });

  it("has no effect on further grants, and none after its end", () => {
    const more = aDrift({ grants: [aGrant(), aGrant({ actions: ["s3:*"] })] });
    const grown = transition({ finding: aFinding({ severity: "HIGH", evidence: more }) });
    assert.equal(isQuiet(grown, state("suppressed"), noon), false);
    assert.equal(isQuiet(transition(), state("suppressed"), secondsAfterNoon(59)), true);
    assert.equal(isQuiet(transition(), state("suppressed"), secondsAfterNoon(60)), false);
  });

  it("ends after 30 days, whatever the stored item says", () => {
    const at30Days = secondsAfterNoon(30 * 86_400);
    const lasting = suppressedUntil("2099-01-01T00:00:00Z");
    assert.equal(isQuiet(transition(), lasting, secondsAfterNoon(30 * 86_400 - 1)), true);
    assert.equal(isQuiet(transition(), lasting, at30Days), false);
    assert.equal(findQuietEnd(lasting, secondsAfterNoon(30 * 86_400 - 1)), undefined);
    assert.equal(findQuietEnd(lasting, at30Days), at30Days);
  });

  it("has no effect where it was set at a time of the future", () => {
    const ahead = suppressedUntil("2099-01-30T00:00:00Z", "2099-01-01T00:00:00Z");
    assert.equal(isQuiet(transition(), ahead, noon), false);
    assert.equal(findQuietEnd(ahead, noon), undefined);
    const lasting = suppressedUntil("9999-12-31T23:59:59Z", "9999-12-31T00:00:00Z");
    assert.equal(isQuiet(transition(), lasting, noon), false);
  });

  it("has no effect on a CRITICAL finding", () => {
    const critical = transition({ finding: aFinding({ severity: "CRITICAL", evidence }) });
    assert.equal(isQuiet(critical, state("suppressed"), noon), false);
    assert.equal(isQuiet(critical, state("acknowledged"), noon), false);
  });
});

describe("An acknowledgement in Security Hub", () => {
  it("ends when the finding changes, or returns", () => {
    assert.deepEqual(quietKinds("acknowledged"), ["improved", "attributed", "resolved", "simulated"]);
  });
});
