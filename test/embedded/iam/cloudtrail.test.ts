import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEnvelope } from "@drift-guard/core/intake/message";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import type { ApiCaller } from "@drift-guard/embedded/iam/caller";
import type { EventEnvelope } from "@drift-guard/embedded/iam/cloudtrail";
import { account, allow, batchServicePolicy, trustOf } from "../../builders.ts";
import { aWorld, createRole } from "./accounts.ts";

const guard: ApiCaller = {
  kind: "session",
  role: `arn:aws:iam::${account}:role/guard/Rollbacker`,
  session: "rollback-1",
};

describe("An event of the simulated account", () => {
  it("is CloudTrail's record in EventBridge's envelope", () => {
    const { answer, event } = aWorld().call(createRole("Fresh"));
    const { detail, ...envelope } = event;
    assert.deepEqual(
      { ...envelope, id: typeof envelope.id },
      {
        version: "0",
        id: "string",
        "detail-type": "AWS API Call via CloudTrail",
        source: "aws.iam",
        account,
        time: "2026-11-22T12:00:00Z",
        region: "us-east-1",
        resources: [],
      },
    );
    assert.equal(detail.eventTime, "2026-11-22T12:00:00Z");
    assert.equal(detail.requestID, answer.requestId);
    assert.notEqual(detail.eventID, event.id);
  });

  it("contains documents as text in requestParameters and percent-encoded in responseElements", () => {
    const trust = trustOf("batch.amazonaws.com");
    const { detail } = aWorld().call(createRole("Fresh")).event;
    assert.deepEqual(detail.requestParameters, { roleName: "Fresh", assumeRolePolicyDocument: trust });
    const role = detail.responseElements?.role;
    assert.ok(typeof role === "object" && role !== null && "assumeRolePolicyDocument" in role);
    assert.equal(role.assumeRolePolicyDocument, encodeURIComponent(trust));
    assert.ok("createDate" in role);
    assert.equal(role.createDate, "Nov 22, 2026, 12:00:00\u202fPM");
  });

  it("shows the target of a denied call only in errorMessage", () => {
    const world = aWorld();
    world.call(createRole("Guarded"));
    const mallory: ApiCaller = { kind: "user", name: "mallory" };
    world.account.deny(mallory);
    const { answer, event } = world.call({ call: "DeleteRole", roleName: "Guarded" }, mallory);
    assert.equal(answer.status === "refused" && answer.code, "AccessDenied");
    const { errorCode, errorMessage, requestParameters, responseElements } = event.detail;
    assert.deepEqual(
      { errorCode, errorMessage, requestParameters, responseElements },
      {
        errorCode: "AccessDenied",
        errorMessage: `User: arn:aws:iam::${account}:user/mallory is not authorized to perform: iam:DeleteRole on resource: role Guarded because no identity-based policy allows the iam:DeleteRole action`,
        requestParameters: null,
        responseElements: null,
      },
    );
  });

  it("contains parameters and exception name if IAM rejects the call with an error other than AccessDenied", () => {
    const { detail } = aWorld().call({ call: "DeleteRole", roleName: "Nobody" }).event;
    assert.equal(detail.errorCode, "NoSuchEntityException");
    assert.equal(detail.errorMessage, "The role with name Nobody cannot be found.");
    assert.deepEqual(detail.requestParameters, { roleName: "Nobody" });
  });

  it("spells AWSServiceName as CloudTrail does, and names the service that called for the user", () => {
    const by: ApiCaller = { kind: "user", name: "ada", via: "batch.amazonaws.com" };
    const { detail } = aWorld().call(
      { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" },
      by,
    ).event;
    assert.deepEqual(detail.requestParameters, { aWSServiceName: "batch.amazonaws.com" });
    assert.equal(detail.userIdentity.invokedBy, "batch.amazonaws.com");
    assert.deepEqual(
      [detail.sourceIPAddress, detail.userAgent],
      ["batch.amazonaws.com", "batch.amazonaws.com"],
    );
  });

  it("names the caller: a user, a session with its role, the root user or a service", () => {
    const actorFor = (by: ApiCaller) => actorOf(aWorld().call(createRole("Fresh"), by).event);
    assert.deepEqual(actorFor({ kind: "user", name: "ada", sourceIp: "203.0.113.9" }), {
      type: "IAMUser",
      arn: `arn:aws:iam::${account}:user/ada`,
      account,
      sourceIp: "203.0.113.9",
      userAgent: "aws-cli/2.32.3",
    });
    const { issuer, session, arn } = actorFor(guard);
    assert.deepEqual(
      { issuer, session, arn },
      {
        issuer: `arn:aws:iam::${account}:role/guard/Rollbacker`,
        session: "rollback-1",
        arn: `arn:aws:sts::${account}:assumed-role/Rollbacker/rollback-1`,
      },
    );
    assert.equal(actorFor({ kind: "root" }).type, "Root");
    const service = actorFor({ kind: "service", service: "batch.amazonaws.com" });
    assert.deepEqual(
      [service.type, service.service, service.arn],
      ["AWSService", "batch.amazonaws.com", undefined],
    );
  });

  it("uses the role's unique id in the principalId of a session", () => {
    const world = aWorld();
    const { answer } = world.call(createRole("Rollbacker"));
    assert.ok(answer.status === "done" && answer.result.kind === "role");
    const { userIdentity } = world.call(createRole("Other"), guard).event.detail;
    assert.equal(userIdentity.principalId, `${answer.result.id}:rollback-1`);
  });

  it("parses to the roles, policies and profiles that each call changes", () => {
    const world = aWorld();
    const own = `arn:aws:iam::${account}:policy/Own`;
    const role = [{ kind: "role", name: "R" }];
    const policy = [{ kind: "policy", arn: own }];
    const both = [...role, { kind: "profile", name: "P" }];
    const document = allow("s3:GetObject");
    const expected: readonly (readonly [IamCall, readonly unknown[]])[] = [
      [createRole("R"), role],
      [{ call: "CreatePolicy", policyName: "Own", policyDocument: document }, policy],
      [{ call: "AttachRolePolicy", roleName: "R", policyArn: batchServicePolicy }, role],
      [{ call: "PutRolePolicy", roleName: "R", policyName: "p", policyDocument: document }, role],
      [{ call: "PutRolePermissionsBoundary", roleName: "R", permissionsBoundary: own }, role],
      [{ call: "TagRole", roleName: "R", tags: [{ key: "team", value: "batch" }] }, role],
      [{ call: "UntagRole", roleName: "R", tagKeys: ["team"] }, role],
      [{ call: "UpdateRole", roleName: "R", description: "d" }, role],
      [{ call: "UpdateRoleDescription", roleName: "R", description: "e" }, role],
      [{ call: "UpdateAssumeRolePolicy", roleName: "R", policyDocument: trustOf("ec2.amazonaws.com") }, role],
      [{ call: "CreateInstanceProfile", instanceProfileName: "P" }, [{ kind: "profile", name: "P" }]],
      [{ call: "AddRoleToInstanceProfile", instanceProfileName: "P", roleName: "R" }, both],
      [{ call: "CreatePolicyVersion", policyArn: own, policyDocument: document }, policy],
      [{ call: "SetDefaultPolicyVersion", policyArn: own, versionId: "v2" }, policy],
      [{ call: "DeletePolicyVersion", policyArn: own, versionId: "v1" }, policy],
      [{ call: "RemoveRoleFromInstanceProfile", instanceProfileName: "P", roleName: "R" }, both],
      [{ call: "DeleteInstanceProfile", instanceProfileName: "P" }, [{ kind: "profile", name: "P" }]],
      [{ call: "DeleteRolePermissionsBoundary", roleName: "R" }, role],
      [{ call: "DeletePolicy", policyArn: own }, policy],
      [{ call: "DeleteRolePolicy", roleName: "R", policyName: "p" }, role],
      [{ call: "DetachRolePolicy", roleName: "R", policyArn: batchServicePolicy }, role],
      [{ call: "DeleteRole", roleName: "R" }, role],
      [
        { call: "CreateServiceLinkedRole", awsServiceName: "batch.amazonaws.com" },
        [{ kind: "role", name: "AWSServiceRoleForBatch" }],
      ],
      [
        { call: "DeleteServiceLinkedRole", roleName: "AWSServiceRoleForBatch" },
        [{ kind: "role", name: "AWSServiceRoleForBatch" }],
      ],
    ];
    for (const [call, subjects] of expected) {
      const message = parseEnvelope(world.call(call).event);
      assert.ok(message.kind === "change", call.call);
      assert.deepEqual(message.change.outcome, { status: "succeeded" }, call.call);
      assert.deepEqual(message.change.subjects, subjects, call.call);
    }
  });
});

function actorOf(event: EventEnvelope) {
  const message = parseEnvelope(event);
  assert.ok(message.kind === "change");
  return message.change.actor;
}
