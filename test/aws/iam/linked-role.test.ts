import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { IAMClient } from "@aws-sdk/client-iam";
import { createLinkedRoleKeeper } from "@drift-guard/aws/iam/linked-role";
import { LinkedRoleRefusedError, LinkedRoleUnansweredError } from "@drift-guard/core/errors";
import type { LinkedRoleKeeper } from "@drift-guard/core/ports";
import { account } from "../../builders.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, type Call, type Responder, refusal, startResponder, xml } from "../responder.ts";

const name = "AWSServiceRoleForBatch";
const arn = `arn:aws:iam::${account}:role/aws-service-role/batch.amazonaws.com/${name}`;
const taskId = `task/aws-service-role/batch.amazonaws.com/${name}/6c1eed73-00ee-4810-8009-c9ce5990c100`;
const role = xml("GetRole", `<Role><Arn>${arn}</Arn><RoleName>${name}</RoleName></Role>`);
const started = xml("GenerateServiceLastAccessedDetails", "<JobId>job-1</JobId>");
const report = (inside: string) => xml("GetServiceLastAccessedDetails", inside);
const member = (service: string, at: string) =>
  `<ServicesLastAccessed><member><ServiceName>${service}</ServiceName><ServiceNamespace>${service}</ServiceNamespace>${at}</member></ServicesLastAccessed>`;

describe("The deletion of a service-linked role, as IAM reports it", () => {
  it("fails with a reason and the resources that use the role", async () => {
    const status = await statusOf(
      "<Status>FAILED</Status><Reason><Reason>in use</Reason><RoleUsageList>" +
        "<member><Region>eu-west-1</Region><Resources><member>ce/a</member><member>ce/b</member></Resources></member>" +
        "<member><Region>us-east-1</Region><Resources><member>ce/c</member></Resources></member>" +
        "</RoleUsageList></Reason>",
    );
    assert.deepEqual(status, {
      status: "FAILED",
      reason: "in use",
      usage: [
        { region: "eu-west-1", resources: ["ce/a", "ce/b"] },
        { region: "us-east-1", resources: ["ce/c"] },
      ],
    });
  });

  it("fails with a reason and no resources, or with neither", async () => {
    assert.deepEqual(await statusOf("<Status>FAILED</Status><Reason><Reason>in use</Reason></Reason>"), {
      status: "FAILED",
      reason: "in use",
      usage: [],
    });
    assert.deepEqual(await statusOf("<Status>FAILED</Status>"), { status: "FAILED", usage: [] });
  });

  it("is not started or in progress", async () => {
    assert.deepEqual(await statusOf("<Status>NOT_STARTED</Status>"), { status: "NOT_STARTED" });
    assert.deepEqual(await statusOf("<Status>IN_PROGRESS</Status>"), { status: "IN_PROGRESS" });
  });

  it("has no outcome if its status is unknown", async () => {
    await assert.rejects(statusOf("<Status>HALTED</Status>"), LinkedRoleUnansweredError);
  });

  it("is refused with IAM's reason", async () => {
    const keeper = await keeperOf(() => refusal("AccessDenied", "no identity-based policy allows it", 403));
    await assert.rejects(keeper.delete(name), (error) => {
      assert.ok(error instanceof LinkedRoleRefusedError);
      assert.equal(error.code, "AccessDenied");
      assert.match(
        error.message,
        /DeleteServiceLinkedRole on AWSServiceRoleForBatch.*no identity-based policy/,
      );
      return true;
    });
  });

  it("is unanswered if IAM fails", async () => {
    const keeper = await keeperOf(() => refusal("ServiceFailure", "try again", 500));
    await assert.rejects(keeper.delete(name), LinkedRoleUnansweredError);
  });
});

describe("The activity of a role, as IAM reports it", () => {
  it("is polled until the report is complete, and read to the last page, latest first", async () => {
    const answers = [
      report("<JobStatus>IN_PROGRESS</JobStatus>"),
      report(
        `<JobStatus>COMPLETED</JobStatus>${member("ec2", "<LastAuthenticated>2026-11-20T08:00:00Z</LastAuthenticated><LastAuthenticatedRegion>eu-west-1</LastAuthenticatedRegion>")}<IsTruncated>true</IsTruncated><Marker>next</Marker>`,
      ),
      report(
        `<JobStatus>COMPLETED</JobStatus>${member("ecs", "<LastAuthenticated>2026-11-21T08:00:00Z</LastAuthenticated>")}<IsTruncated>false</IsTruncated>`,
      ),
    ];
    const { services } = await (await keeperOf(answering(answers))).activity(name);
    assert.deepEqual(services, {
      observed: true,
      value: [
        { service: "ecs", at: "2026-11-21T08:00:00.000Z" },
        { service: "ec2", at: "2026-11-20T08:00:00.000Z", region: "eu-west-1" },
      ],
    });
    assert.deepEqual(pauses, [1000]);
  });

  it("omits services that were never called", async () => {
    const answers = [report(`<JobStatus>COMPLETED</JobStatus>${member("s3", "")}`)];
    const { services } = await (await keeperOf(answering(answers))).activity(name);
    assert.deepEqual(services, { observed: true, value: [] });
  });

  it("is unobserved if the report fails, is late or is denied", async () => {
    const failed = report(
      "<JobStatus>FAILED</JobStatus><Error><Message>no data</Message><Code>X</Code></Error>",
    );
    const never = report("<JobStatus>IN_PROGRESS</JobStatus>");
    const denied = refusal("AccessDenied", "not allowed", 403);
    for (const [answer, why] of [
      [failed, /could not prepare the report: no data/],
      [never, /had not prepared the report after 3 seconds/],
      [denied, /iam:GetServiceLastAccessedDetails answered AccessDenied/],
    ] as const) {
      const { services } = await (await keeperOf(answering([answer, answer, answer]))).activity(name);
      assert.ok(!services.observed);
      assert.match(services.why, why);
    }
  });

  it("includes the role's own last use", async () => {
    const used = xml(
      "GetRole",
      `<Role><Arn>${arn}</Arn><RoleLastUsed><LastUsedDate>2026-11-21T09:30:00Z</LastUsedDate><Region>us-east-1</Region></RoleLastUsed></Role>`,
    );
    const keeper = await keeperOf(({ action }) =>
      action === "GetRole" ? used : refusal("AccessDenied", "not allowed", 403),
    );
    assert.deepEqual((await keeper.activity(name)).role, {
      observed: true,
      value: { at: "2026-11-21T09:30:00.000Z", region: "us-east-1" },
    });
  });
});

describe("The description of a service-linked role", () => {
  it("is written by UpdateRoleDescription if UpdateRole is denied", async () => {
    const keeper = await keeperOf(({ action }) =>
      action === "UpdateRole" ? refusal("AccessDenied", "not allowed", 403) : xml(action, "<Role/>"),
    );
    await keeper.describe(name, "mine");
    assert.deepEqual(responder?.calls, ["UpdateRole", "UpdateRoleDescription"]);
  });

  it("is not written again if UpdateRole fails for another reason", async () => {
    const keeper = await keeperOf(() => refusal("NoSuchEntity", "not there", 404));
    await assert.rejects(keeper.describe(name, "mine"), { code: "NoSuchEntity" });
    assert.deepEqual(responder?.calls, ["UpdateRole"]);
  });
});

let responder: Responder | undefined;
let pauses: number[] = [];

afterEach(async () => {
  await responder?.close();
  responder = undefined;
});

async function keeperOf(answer: (call: Call) => Answer): Promise<LinkedRoleKeeper> {
  await responder?.close();
  responder = await startResponder(answer);
  pauses = [];
  const client = new IAMClient(clientSettingsFor(responder.endpoint));
  return createLinkedRoleKeeper(client, {
    pause: async (milliseconds) => pauses.push(milliseconds),
    maxPolls: 3,
  });
}

function answering(reports: readonly Answer[]): (call: Call) => Answer {
  const left = [...reports];
  return ({ action }) => {
    if (action === "GetRole") return role;
    if (action === "GenerateServiceLastAccessedDetails") return started;
    return left.shift() ?? refusal("InvalidAction", `${action} was called once too often`);
  };
}

async function statusOf(inside: string) {
  return (await keeperOf(() => xml("GetServiceLinkedRoleDeletionStatus", inside))).deletionStatus(taskId);
}
