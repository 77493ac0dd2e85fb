import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findEscalation } from "@drift-guard/core/evaluate/job-role";
import { evaluateUses, joinAssessments } from "@drift-guard/core/evaluate/uses";
import { referenceByDuty } from "@drift-guard/core/reference/by-duty";
import {
  account,
  aDefinitionUse,
  aDrift,
  aGrant,
  allow,
  anEnvironmentUse,
  anUndecided,
  aRole,
  trustOf,
} from "../../builders.ts";

describe("evaluating the uses of a role", () => {
  it("reports grants that let a job role extend its own permissions, and no other broad grants", () => {
    const reference = referenceByDuty("Worker", [aDefinitionUse({ duty: "job" })], []);
    assert.ok(reference);
    const countReported = (text: string) =>
      findEscalation(aRole({ attached: [], inline: [{ name: "P", text }] }), reference).length;
    const passing = ["iam:PassRole", "batch:RegisterJobDefinition", "batch:SubmitJob"];
    for (const action of ["*", "iam:*", "sts:AssumeRole", "lambda:UpdateFunctionCode", passing]) {
      assert.equal(countReported(allow(action)), 1, String(action));
    }
    for (const action of ["s3:*", "batch:SubmitJob", "iam:GetRole", "iam:PassRole", "glue:CreatePartition"])
      assert.equal(countReported(allow(action)), 0, action);
    assert.equal(
      countReported(allow("sts:AssumeRole", `arn:aws:iam::${account}:role/Worker`)),
      0,
      "one role is a choice",
    );
    assert.equal(countReported(allow("sts:AssumeRole", `arn:aws:iam::${account}:role/*`)), 1);
  });

  // https://docs.aws.amazon.com/batch/latest/userguide/troubleshooting.html, "Repairing an INVALID compute environment"
  it("says how an environment that names a role at another path is repaired, with what IAM and AWS Batch can do", () => {
    const arnAt = (path: string) => `arn:aws:iam::${account}:role${path}R`;
    const detailOf = (named: string, own: string, duty: "service" | "instance" = "service") => {
      const role = aRole({ name: "R", path: own, arn: arnAt(own) });
      const uses = [anEnvironmentUse({ arn: arnAt(named), duty })];
      const notes = evaluateUses({ reading: { status: "present", role }, uses, facts: new Map() });
      const [note] = notes.filter((one) => one.kind === "note" && one.topic === "other-path");
      return note?.kind === "note" ? note.details.join() : "";
    };
    const linked = "/aws-service-role/batch.amazonaws.com/";
    assert.match(
      detailOf("/service-role/", "/"),
      /Update the environment with the service role \S+:role\/R\.$/,
    );
    assert.match(detailOf("/", linked), /update it with a regular service role, disable and delete it/);
    assert.match(detailOf(linked, "/"), /no second role of this name: .*create the service-linked role/);
    assert.match(detailOf("/x/", "/", "instance"), /create it again with \S+:role\/R\.$/);
  });

  it("joins assessments of one part and side into one finding", () => {
    const first = aDrift({ part: "permissions", grants: [aGrant({ actions: ["a:b"] })], detail: "One." });
    const second = aDrift({
      part: "permissions",
      grants: [aGrant({ actions: ["c:d"] })],
      detail: "Two.",
      cure: "{}",
    });
    const doubt = anUndecided({ part: "permissions", reasons: ["why"] });
    const joined = joinAssessments([first, doubt, second, { ...doubt, reasons: ["why", "how"] }]);
    assert.equal(joined.length, 2);
    const [drift, undecided] = joined;
    assert.ok(drift?.kind === "drift" && undecided?.kind === "undecided");
    assert.deepEqual([drift.grants.length, drift.detail, drift.cure], [2, "One. Two.", "{}"]);
    assert.deepEqual(undecided.reasons, ["why", "how"]);
  });

  it("reports nothing if an environment is INVALID for another reason or names the role by its ARN", () => {
    const role = aRole();
    const uses = [
      anEnvironmentUse({ arn: role.arn }),
      anEnvironmentUse({
        status: "INVALID",
        statusReason: "CLIENT_ERROR - The subnet ID 'subnet-1' does not exist",
      }),
    ];
    assert.deepEqual(evaluateUses({ reading: { status: "present", role }, uses, facts: new Map() }), []);
  });

  describe("of an environment that the trust of its service role shuts out", () => {
    const arn = (name: string) => `arn:aws:batch:us-east-1:${account}:compute-environment/${name}`;
    const trustBy = (Condition: object) => {
      const [statement] = JSON.parse(trustOf("batch.amazonaws.com")).Statement;
      return JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Condition }] });
    };
    const uses = [anEnvironmentUse({ name: "prod" }), anEnvironmentUse({ name: "old" })];
    const evaluateTrust = (Condition: object) =>
      evaluateUses({
        reading: { status: "present", role: aRole({ trust: trustBy(Condition) }) },
        uses,
        facts: new Map(),
      });

    it("names each environment that is shut out, and the ARN to add", () => {
      const own = { StringEquals: { "aws:SourceAccount": account } };
      const job = `arn:aws:batch:us-east-1:${account}:job/*`;
      for (const more of [{}, own, { StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } }]) {
        const [note, ...others] = evaluateTrust({ ...more, ArnLike: { "aws:SourceArn": [arn("old"), job] } });
        assert.deepEqual(others, []);
        assert.ok(note?.kind === "note" && note.topic === "environment-shut-out");
        assert.equal(note.details.length, 1);
        assert.ok(note.details[0]?.includes(`Add ${arn("prod")} to the condition`), note.details[0]);
      }
    });

    it("reports nothing if every environment matches, or if the trust shuts AWS Batch out anyway", () => {
      for (const condition of [
        { ArnLike: { "aws:SourceArn": [arn("*"), `arn:aws:batch:us-east-1:${account}:job/*`] } },
        { ArnEquals: { "aws:SourceArn": [arn("old"), arn("prod")] } },
        { StringEquals: { "aws:SourceAccount": [account, "210987654321"] } },
        { ArnLike: { "aws:SourceArn": "arn:aws:batch:*:999988887777:*" } },
      ]) {
        assert.deepEqual(evaluateTrust(condition), [], JSON.stringify(condition));
      }
    });
  });
});
