import assert from "node:assert/strict";
import { it } from "node:test";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { until } from "./account.ts";
import { becomePerson } from "./person.ts";
import { neededPolicy } from "./rollback-roles.ts";
import { extraPolicy, inHours, type RollbackScene } from "./rollback-scene.ts";

/** Declares the tests of answers about findings: an exception that ends, and the closure of a foreign call. */
export function declareFurtherAnswers(scene: () => RollbackScene): void {
  it("leaves a suppressed finding until the exception expires, and then reports it again", async () => {
    const { onCall, attach, findingsOf, historyOf, untilTold } = scene();
    const role = "accepted";
    await attach(role, extraPolicy);
    const finding = await untilTold(role, "refused", /person's approval/);
    const given = { role, finding: finding.id, evidence: digestEvidence(finding.evidence), reason: "Needed" };
    const expires = inHours(8 / 3600);
    assert.equal((await onCall.answer({ ...given, verb: "suppress", expires })).status, "recorded");
    await until(
      "the finding to be suppressed",
      () => findingsOf(role),
      ([only]) => only?.state === "suppressed",
    );
    await until(
      "the exception to expire",
      async () => new Date().toISOString(),
      (now) => Date.parse(now) > Date.parse(expires),
    );
    // Any event of the role has it read again, as the sweep does every few hours.
    await attach(role, extraPolicy);
    await until(
      "the finding to be open again",
      () => findingsOf(role),
      ([only]) => only?.state === "open",
    );
    const kinds = (await historyOf(finding)).map(({ kind }) => kind);
    assert.deepEqual(kinds.slice(0, 4), ["opened", "refused", "suppressed", "reopened"]);
  });

  it("reports a foreign call with the guard's credentials as critical until a person closes it", async () => {
    const { account, onCall, attach } = scene();
    const role = "stolen";
    const thief = await becomePerson(account, "drift-guard-local-rollback");
    // The policy is attached already: no drift tells of this call.
    await attach(role, neededPolicy, thief);
    const findingsOfCalls = async () =>
      (await account.findings()).filter(
        ({ role: { name }, evidence }) => name === role && evidence.kind === "impersonation",
      );
    const [finding] = await until(
      "the foreign call to be reported",
      findingsOfCalls,
      ({ length }) => length > 0,
    );
    assert.ok(finding);
    assert.equal(finding.severity, "CRITICAL");
    const answer = {
      verb: "close",
      role,
      finding: finding.id,
      evidence: digestEvidence(finding.evidence),
      reason: "The session was ended",
    } as const;
    assert.equal((await onCall.answer(answer)).status, "recorded");
    await until("the finding to be closed", findingsOfCalls, ([only]) => only?.state === "resolved");
    const history = await account.store.history(finding.role, finding.id);
    assert.deepEqual(
      history.map(({ kind }) => kind),
      ["opened", "closed"],
    );
    await until(
      "a message that names who closed it",
      async () => account.messages(),
      (all) => all.some((text) => text.includes("The session was ended") && text.includes("OnCall")),
    );
  });
}
