import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { BatchUpdateFindingsCommand, SecurityHubClient } from "@aws-sdk/client-securityhub";
import type { Drift } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { clientSettings } from "@drift-guard/local/client";
import { createDice, failThirdOfDeliveries } from "@drift-guard/local/recorder/outages";
import { describeEmulated } from "../local/emulated-suite.ts";
import { type GuardedAccount, startGuardedAccount } from "./account.ts";
import { type FindingWatch, watchFindings } from "./finding-watch.ts";
import { assertAllowed } from "./function-calls.ts";
import { becomePerson, type Person } from "./person.ts";
import { inHours } from "./rollback-scene.ts";

const role = "ecsTaskExecutionRole";
// No event of it came for long, so that no recheck reads it.
const quietRole = "AWSBatchServiceRole";

// At each step, people and Security Hub know exactly what the table holds, while events arrive twice, late and in another
// order, and a third of the calls to SNS and Security Hub fail.
describeEmulated("A finding's whole life, with disorder and failing receivers", () => {
  const seed = Number(process.env.LIFE_SEED ?? Date.now() % 1_000_000);
  let account: GuardedAccount;
  let pipeline: Person;
  let onCall: Person;
  let watch: FindingWatch;
  let repair: () => void;
  before(async () => {
    console.log(`LIFE_SEED=${seed}`);
    account = await startGuardedAccount();
    [pipeline, onCall] = [await becomePerson(account, "Pipeline"), await becomePerson(account, "OnCall")];
    const pause = { verb: "pause", until: inHours(1), reason: "A test" } as const;
    assert.equal((await onCall.answer(pause)).status, "recorded");
    const dice = createDice(seed);
    repair = account.local.recorder.fail(failThirdOfDeliveries(dice));
    watch = watchFindings(account, ({ evidence }) => evidence.part.kind === "inline", dice);
  });
  after(async () => {
    repair?.();
    await watch?.end();
    await account.stop();
  });

  const put = (RoleName: string, ...Action: readonly string[]) =>
    pipeline.iam.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName: "extra",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action, Resource: "*" }],
        }),
      }),
    );
  const isOf = (name: string) => (finding: Finding) => finding.role.name === name;
  const untilLast = (kind: string, state: Finding["state"], name = role) =>
    watch.untilAgreed(`the finding of ${name} to be ${kind}`, isOf(name), (finding, kinds) => {
      return kinds.at(-1) === kind && finding.state === state;
    });

  it("opens by a change, and names who made it", async () => {
    await put(role, "s3:GetObject");
    const finding = await untilLast("opened", "open");
    assert.match(JSON.stringify(finding.causedBy), /Pipeline/);
  });

  it("worsens, and improves", async () => {
    await put(role, "s3:GetObject", "sqs:SendMessage");
    await untilLast("worsened", "open");
    await put(role, "s3:GetObject");
    await untilLast("improved", "open");
  });

  it("is suppressed by a person, and a further grant opens it without the accepted one", async () => {
    const { id, evidence } = await untilLast("improved", "open");
    assert.ok(evidence.kind === "drift");
    const answer = {
      verb: "suppress",
      role,
      finding: id,
      evidence: digestEvidence(evidence),
      covers: coversOf(evidence),
      expires: inHours(24),
      reason: "Needed until Friday",
    } as const;
    assert.equal((await onCall.answer(answer)).status, "recorded");
    await untilLast("suppressed", "suppressed");
    await put(role, "s3:GetObject", "sns:Publish");
    const wider = await untilLast("worsened", "open");
    assert.equal(wider.id, id);
    assert.ok(wider.evidence.kind === "drift");
    assert.deepEqual(
      wider.evidence.grants.flatMap(({ actions }) => actions),
      ["sns:Publish"],
    );
  });

  it("resolves once a person has removed it, and returns under the same id as NEW", async () => {
    await pipeline.iam.send(new DeleteRolePolicyCommand({ RoleName: role, PolicyName: "extra" }));
    const { id } = await untilLast("resolved", "resolved");
    const shown = await watch.inHub(id);
    await new SecurityHubClient(clientSettings(account.local.endpoint)).send(
      new BatchUpdateFindingsCommand({
        FindingIdentifiers: [{ Id: shown?.Id, ProductArn: shown?.ProductArn }],
        Workflow: { Status: "NOTIFIED" },
      }),
    );
    await put(role, "sns:Publish");
    assert.equal((await untilLast("reopened", "open")).id, id);
    assert.equal((await watch.inHub(id))?.Workflow?.Status, "NEW");
  });

  it("that only the sweep found is attributed by CloudTrail's event history", async () => {
    watch.loseNext("PutRolePolicy");
    await put(quietRole, "sqs:SendMessage");
    await account.sweep();
    const finding = await untilLast("opened", "open", quietRole);
    const [first] = await account.store.history(finding.role, finding.id);
    assert.equal(first?.cause.kind, "sweep");
    await watch.untilAgreed("the author to be found", isOf(quietRole), ({ causedBy }) =>
      JSON.stringify(causedBy ?? "").includes("Pipeline"),
    );
  });

  it("is rolled back once the pause ends, and resolves", async () => {
    assert.equal((await onCall.answer({ verb: "resume" })).status, "recorded");
    for (const each of [role, quietRole]) {
      const { role: key, id } = await untilLast("resolved", "resolved", each);
      const history = await account.store.history(key, id);
      assert.ok(
        history.some(({ kind }) => kind === "rolled-back"),
        each,
      );
    }
  });

  it("made each function call only what its role allows", () => assertAllowed(account));
});

function coversOf({ grants, denies, detail }: Drift) {
  return { grants, denies, ...(detail !== undefined && { detail }) };
}
