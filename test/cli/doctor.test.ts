import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DoctorOutput } from "drift-guard/output/doctor";
import { type Answer, type Call, json, jsonFault, refusal } from "../aws/responder.ts";
import { account } from "../builders.ts";
import { identifyCaller, runLive } from "./live-account.ts";
import { readOutput } from "./outputs.ts";
import { runCli } from "./process.ts";

/** An account in which the guard's resources answer with `answer`. */
const accountWith =
  (answer: (call: Call) => Answer) =>
  (call: Call): Answer =>
    call.action === "GetCallerIdentity" ? identifyCaller(call) : answer(call);

const nothingThere = accountWith(({ service, action }) => {
  switch (service) {
    case "sns":
      return refusal("NotFound", "Topic does not exist", 404);
    case "cloudtrail":
      return json({ trailList: [] });
    default:
      return jsonFault("ResourceNotFoundException", `${action} found nothing`, 404);
  }
});
const denied = accountWith(({ service }) =>
  service === "sns"
    ? refusal("AuthorizationError", "not authorized", 403)
    : jsonFault("AccessDeniedException", "not authorized", 403),
);

describe("doctor", () => {
  it("fails where no guard is deployed, and says what was looked for", async () => {
    const { code, stdout, stderr } = await runLive(["doctor", "--stage", "ci"], nothingThere);
    assert.deepEqual([code, stderr], [1, ""]);
    assert.match(
      stdout,
      /^ok {7}account credentials \(us-east-1\): Account \d+, as arn:aws:iam::\d+:user\/ada\.$/m,
    );
    assert.match(stdout, /^failed {3}trail CloudTrail \(us-east-1\)$/m);
    assert.match(stdout, /No guard is deployed as the stage ci in us-east-1 of account/);
    assert.match(stdout, /^Stage ci of account \d+ in us-east-1: 4 checks, 2 failed, 0 unknown/m);
  });

  it("does not say that anything is fine where it may read nothing", async () => {
    const { code, stdout } = await runLive(["doctor", "--stage", "ci", "--json"], denied);
    const document = readOutput(DoctorOutput, stdout);
    assert.equal(code, 2);
    assert.equal(document.exitCode, 2);
    assert.deepEqual([document.account, document.stage, document.region], [account, "ci", "us-east-1"]);
    const { checks, counts } = document;
    assert.deepEqual(
      checks.filter(({ status }) => status !== "unknown").map(({ area }) => area),
      ["account", "account"],
    );
    assert.equal(counts.unknown, checks.length - 2);
  });

  it("makes nothing but calls that read", async () => {
    const { calls } = await runLive(["doctor", "--stage", "ci"], denied);
    assert.ok(calls.length > 20);
    for (const call of calls)
      assert.match(
        call,
        /^(?:Get|List|Describe|Test)|^\/(?:schedules|accounts|20\d\d-\d\d-\d\d\/functions)\/?/,
      );
  });

  it("looks for rollback, Security Hub and other Regions where the configuration has them", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "doctor-"));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, "drift-guard.config.json");
    const config = {
      roles: { ecsTaskExecutionRole: { rollback: { excess: "automatic" } } },
      regions: { guard: "eu-west-1", batch: ["eu-west-1"] },
      securityHub: true,
    };
    await writeFile(file, JSON.stringify(config));
    const { stdout } = await runLive(["doctor", "--stage", "ci", "--config", file, "--json"], denied);
    const names = readOutput(DoctorOutput, stdout).checks.map(({ area, subject, region }) =>
      [area, subject, region].join(" "),
    );
    for (const name of [
      "function drift-guard-ci-rollback eu-west-1",
      "hub Security Hub eu-west-1",
      "rule drift-guard-ci-iam-us-east-1 us-east-1",
      "queue drift-guard-ci-forward-missed-us-east-1 us-east-1",
      "trail CloudTrail us-east-1",
      "trail CloudTrail eu-west-1",
    ])
      assert.ok(names.includes(name), name);
  });

  it("needs the stage, and credentials of the Region's partition", async () => {
    const { code, stderr } = await runCli(["doctor"]);
    assert.equal(code, 2);
    assert.match(stderr, /Name the deployed guard with --stage NAME/);
    const china = await runLive(["doctor", "--stage", "ci"], (call) => identifyCaller(call, "aws-cn"));
    assert.equal(china.code, 2);
    assert.match(
      china.stderr.replaceAll("\n", " "),
      /us-east-1 is in the partition aws, and the credentials are of aws-cn/,
    );
  });
});
