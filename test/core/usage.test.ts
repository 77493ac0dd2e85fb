import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isPermissionTrouble } from "@drift-guard/core/batch/permission-trouble";
import type { RoleUse } from "@drift-guard/core/batch/role-use";
import { formatUses } from "@drift-guard/core/batch/role-use-text";
import { usesOfDefinition, usesOfEnvironment } from "@drift-guard/core/batch/uses";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { findEscalation } from "@drift-guard/core/evaluate/job-role";
import { weighSeverity } from "@drift-guard/core/evaluate/severity";
import { evaluateUses, joinAssessments } from "@drift-guard/core/evaluate/uses";
import { readSymptom } from "@drift-guard/core/intake/symptom";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { Severity } from "@drift-guard/core/model/severity";
import { reconcile } from "@drift-guard/core/reconcile/reconcile";
import { referenceByDuty } from "@drift-guard/core/reference/by-duty";
import fc from "fast-check";
import {
  account,
  aDefinitionUse,
  aDrift,
  aGrant,
  aLedger,
  allow,
  anEnvironmentUse,
  anUndecided,
  aRole,
  everyEvidence,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../builders.ts";
import { guardedAs } from "./watched-roles.ts";

const look = (evidence: readonly Assessment[], uses: readonly RoleUse[], ledger = aLedger(), now = noon) =>
  reconcile({ ledger, evidence, exceptions: [], cause: { kind: "sweep" }, uses, now, settleSeconds: 60 });

describe("what uses a role", () => {
  it("is told with what is in work first, each once, and no more than twenty", () => {
    const idle = anEnvironmentUse({ name: "idle", state: "DISABLED", queues: [] });
    assert.deepEqual(
      formatUses([idle, aDefinitionUse(), aDefinitionUse(), anEnvironmentUse({ status: "INVALID" })]),
      [
        "job definition render:7 in us-east-1",
        "compute environment prod in us-east-1 (ENABLED, INVALID), with job queue high",
        "compute environment idle in us-east-1 (DISABLED)",
      ],
    );
    const many = Array.from({ length: 50 }, (_, index) => aDefinitionUse({ revision: index }));
    assert.equal(formatUses(many).length, 20);
    assert.equal(formatUses(many).at(-1), "and 31 more");
  });

  it("makes a loss worse by a step where work depends on it, and milder where nothing does", () => {
    const drift = aDrift();
    const idle = anEnvironmentUse({ state: "DISABLED" });
    assert.deepEqual(
      [[aDefinitionUse()], [anEnvironmentUse()], [idle], []].map((uses) =>
        weighSeverity("HIGH", drift, uses),
      ),
      ["CRITICAL", "CRITICAL", "HIGH", "MEDIUM"],
    );
  });

  it("changes nothing in how bad it is that a role gives too much, or was misused", () => {
    const others = everyEvidence().filter((one) => one.kind !== "drift" || one.side === "excess");
    for (const evidence of [...others, aDrift({ side: "excess" })]) {
      for (const severity of Severity.options) assert.equal(weighSeverity(severity, evidence, []), severity);
    }
  });

  it("is told again where it makes a known finding worse, and kept up silently otherwise", () => {
    const opened = look([aDrift()], []);
    assert.deepEqual(opened.ledger.findings[0]?.usedBy, []);
    const used = look([aDrift()], [anEnvironmentUse()], opened.ledger, secondsAfterNoon(60));
    assert.deepEqual(
      used.transitions.map(({ kind, finding }) => [kind, finding.severity]),
      [["worsened", "CRITICAL"]],
    );
    const more = look([aDrift()], [anEnvironmentUse(), aDefinitionUse()], used.ledger, secondsAfterNoon(120));
    assert.deepEqual(more.transitions, []);
    assert.equal(more.ledger.findings[0]?.usedBy?.length, 2);
    assert.equal(look([aDrift()], [anEnvironmentUse(), aDefinitionUse()], more.ledger).ledger, more.ledger);
  });

  it("of many revisions with much to need is bounded, the newest kept", () => {
    const needs = Array.from({ length: 400 }, (_, index) => ({
      action: "ssm:GetParameters",
      resource: `arn:aws:ssm:us-east-1:${account}:parameter/${"deep/".repeat(20)}${index}`,
      what: "parameter" as const,
      at: "containerProperties.secrets[0].valueFrom",
    }));
    const revisions = Array.from({ length: 30 }, (_, index) => ({
      region: "us-east-1",
      name: "render",
      revision: index + 1,
      active: true,
      fargate: false,
      tasks: [{ at: "containerProperties", execution: "E", needs: needs.slice(index), unread: [] }],
    }));
    const uses = usesOfDefinition(revisions).get("E") ?? [];
    assert.ok(JSON.stringify(uses).length < 400_000);
    assert.equal(uses[0]?.kind === "job-definition" && uses[0].revision, 30);
  });

  it("of an instance profile is whoever it holds; where that is nobody, the role of its name is told", () => {
    const environment = {
      region: "us-east-1",
      name: "prod",
      state: "ENABLED",
      status: "VALID",
      roles: [{ duty: "instance", profile: "Nodes" }],
    } as const;
    const held = usesOfEnvironment(environment, [], new Map([["Nodes", "NodeRole"]]));
    assert.deepEqual([...held.keys()], ["NodeRole"]);
    const [use] = usesOfEnvironment(environment, [], new Map([["Nodes", undefined]])).get("Nodes") ?? [];
    assert.equal(use?.kind === "compute-environment" && use.profileEmpty, true);
    assert.equal(usesOfEnvironment({ ...environment, status: "DELETED" }, [], new Map()).size, 0);
  });
});

describe("a role that nobody wrote a reference for", () => {
  const judge = (uses: readonly RoleUse[], trust: string) => {
    const reference = referenceByDuty("Custom", uses, []);
    assert.ok(reference);
    const reading = { status: "present", role: aRole({ name: "Custom", trust, attached: [] }) } as const;
    return evaluate({ reference, guarded: guardedAs({}), reading }).map((one) =>
      one.kind === "drift" ? `${one.part} ${one.side}` : one.kind,
    );
  };

  it("is none where nothing uses it", () => {
    assert.equal(referenceByDuty("Custom", [], []), undefined);
  });

  for (const [duty, service] of [
    ["service", "batch.amazonaws.com"],
    ["instance", "ec2.amazonaws.com"],
    ["spot-fleet", "spotfleet.amazonaws.com"],
    ["infrastructure", "ecs.amazonaws.com"],
  ] as const) {
    it(`is trusted by ${service}, and has that duty's policy, as ${duty} role`, () => {
      const found = judge([anEnvironmentUse({ duty })], trustOf(service));
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^managed:arn:aws:iam::aws:policy\/.* missing$/);
    });
  }

  it("as a job role has its trust compared and nothing else", () => {
    const job = aDefinitionUse({ duty: "job" });
    assert.deepEqual(judge([job], trustOf("ecs-tasks.amazonaws.com")), []);
    assert.deepEqual(judge([job], trustOf("ec2.amazonaws.com")), ["trust excess", "trust missing"]);
  });

  it("with two duties is trusted by both services, and by no other", () => {
    const uses = [anEnvironmentUse({ duty: "instance" }), aDefinitionUse({ duty: "job" })];
    const both = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"] },
          Action: "sts:AssumeRole",
        },
      ],
    });
    assert.ok(judge(uses, both).every((one) => !one.startsWith("trust")));
    assert.ok(judge(uses, trustOf("ec2.amazonaws.com")).includes("trust missing"));
    assert.ok(judge([anEnvironmentUse({ duty: "instance" })], both).includes("trust excess"));
  });

  it("as a job role is told of the ways to more, and of nothing that is only much", () => {
    const told = (text: string) =>
      findEscalation(aRole({ attached: [], inline: [{ name: "P", text }] })).length;
    for (const action of ["*", "iam:*", "iam:PassRole", "sts:AssumeRole", "lambda:UpdateFunctionCode"]) {
      assert.equal(told(allow(action)), 1, action);
    }
    for (const action of ["s3:*", "batch:SubmitJob", "iam:GetRole"])
      assert.equal(told(allow(action)), 0, action);
    assert.equal(
      told(allow("iam:PassRole", `arn:aws:iam::${account}:role/Worker`)),
      0,
      "one role is a choice",
    );
    assert.equal(told(allow("iam:PassRole", `arn:aws:iam::${account}:role/*`)), 1);
  });
});

describe("what is wrong by how a role is used", () => {
  it("joins what is told at one part and side, so that it is one finding", () => {
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

  it("is nothing for an environment that is INVALID for another reason, or whose role is where it says", () => {
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
});

describe("a reason that AWS Batch gives", () => {
  for (const reason of [
    "CLIENT_ERROR - User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/AWSBatchServiceRole",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
    "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/E' that was provided for this task.",
    "CLIENT_ERROR - Invalid IamInstanceProfile: ecsInstanceRole",
    "You are not authorized to perform this operation.",
    "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - Batch service role has a permission issue",
  ]) {
    it(`has to do with a role: ${reason.slice(0, 60)}`, () => assert.ok(isPermissionTrouble(reason)));
  }
  for (const reason of [
    "Essential container in task exited",
    "OutOfMemoryError: Container killed due to memory usage",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement is too high",
    "CannotPullContainerError: manifest for busybox:none not found",
    "",
  ]) {
    it(`has nothing to do with one: "${reason.slice(0, 60)}"`, () => assert.ok(!isPermissionTrouble(reason)));
  }

  it("of a job of another service leads to the role that Batch has for that", () => {
    const detail = {
      serviceJobId: "1",
      jobName: "train",
      status: "FAILED",
      statusReason: "AccessDenied: not authorized",
    };
    const read = readSymptom({
      "detail-type": "Batch Service Job State Change",
      time: noon,
      account,
      detail,
    });
    assert.ok("subjects" in read);
    assert.deepEqual(read.subjects, [{ kind: "role", name: "AWSServiceRoleForAWSBatchWithSagemaker" }]);
  });

  it("may come in an event of any shape", () => {
    const anything = fc.object({
      key: fc.constantFrom("status", "statusReason", "container", "attempts", "jobQueue", "reason"),
    });
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (detail) => {
        readSymptom({ "detail-type": "Batch Job State Change", time: noon, detail });
        readSymptom({ "detail-type": "Batch Job Queue Blocked", time: noon, detail });
      }),
    );
  });
});
