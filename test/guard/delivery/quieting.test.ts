import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { emptyHubFinding, type HubFinding, type Quieting } from "@drift-guard/core/model/hub";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { type Transition, TransitionKind } from "@drift-guard/core/model/transition";
import { isQuiet } from "@drift-guard/guard/delivery/quieting";
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
