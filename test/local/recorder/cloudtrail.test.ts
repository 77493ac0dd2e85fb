import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloudTrailRecord } from "@drift-guard/core/intake/cloudtrail";
import type { ApiCall } from "@drift-guard/local/recorder/call";
import type { CallerIdentity } from "@drift-guard/local/recorder/callers";
import { isReadOnly, isRecorded, recordCall } from "@drift-guard/local/recorder/cloudtrail";
import type { HttpResponse } from "@drift-guard/local/recorder/http";

const root: CallerIdentity = {
  type: "Root",
  principalId: "123456789012",
  arn: "arn:aws:iam::123456789012:root",
  accountId: "123456789012",
  accessKeyId: "AKIAEXAMPLE",
};

const call = (over: Partial<ApiCall> = {}): ApiCall => ({
  service: "iam",
  action: "DetachRolePolicy",
  region: "eu-west-1",
  accessKeyId: "AKIAEXAMPLE",
  parameters: { roleName: "batch", policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
  ...over,
});

const respond = (body = "", over: Partial<HttpResponse> = {}): HttpResponse => ({
  status: 200,
  headers: {},
  body: Buffer.from(body),
  ...over,
});

const record = (made: ApiCall, response: HttpResponse) =>
  recordCall({
    call: made,
    response,
    caller: root,
    id: "11111111-1111-4111-8111-111111111111",
    requestId: "22222222-2222-4222-8222-222222222222",
    at: new Date("2026-02-22T16:11:47.123Z"),
    sourceIp: "127.0.0.1",
    userAgent: "aws-cli/2",
  });

const iamError = (code: string, message: string) =>
  respond(
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    { status: 400 },
  );

describe("recordCall", () => {
  it("returns a record that core parses without loss", () => {
    const made = record(call(), respond("<DetachRolePolicyResponse/>"));
    assert.deepEqual(CloudTrailRecord.parse(made), made);
    assert.equal(made.eventTime, "2026-02-22T16:11:47Z");
    assert.equal(made.eventSource, "iam.amazonaws.com");
  });

  it("sets the region to us-east-1 for IAM, and to the region of the call for Batch", () => {
    assert.equal(record(call(), respond()).awsRegion, "us-east-1");
    const batch = call({ service: "batch", action: "CreateJobQueue" });
    assert.equal(record(batch, respond("{}")).awsRegion, "eu-west-1");
  });

  it("describes a created role with CloudTrail's lower-case names and date format", () => {
    const made = record(
      call({ action: "CreateRole" }),
      respond(
        `<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role>
          <RoleName>batch</RoleName><CreateDate>2026-02-22T16:11:47Z</CreateDate><Tags/>
          <MaxSessionDuration>3600</MaxSessionDuration></Role></CreateRoleResult></CreateRoleResponse>`,
      ),
    );
    assert.deepEqual(made.responseElements, {
      role: {
        roleName: "batch",
        createDate: "Feb 22, 2026, 4:11:47\u202fPM",
        tags: [],
        maxSessionDuration: 3600,
      },
    });
  });

  it("leaves out the parameters of a denied call and keeps its message", () => {
    const message = "User: a is not authorized to perform: iam:TagRole on resource: role batch";
    const made = record(call(), iamError("AccessDenied", message));
    assert.equal(made.requestParameters, null);
    assert.equal(made.errorCode, "AccessDenied");
    assert.equal(made.errorMessage, message);
  });

  it("keeps the parameters of a call that failed otherwise, and adds Exception to IAM's code", () => {
    const made = record(
      call(),
      iamError("UnmodifiableEntity", "role &apos;X&apos; is only modifiable by AWS"),
    );
    assert.equal(made.errorCode, "UnmodifiableEntityException");
    assert.equal(made.errorMessage, "role 'X' is only modifiable by AWS");
    assert.equal(made.requestParameters?.roleName, "batch");
    assert.equal(made.responseElements, null);
  });

  it("reads the error of a Batch call from header or body", () => {
    const batch = call({ service: "batch", action: "CreateComputeEnvironment" });
    const body = '{"message": "Object already exists"}';
    const headers = { "x-amzn-errortype": "ClientException:http://internal.amazon.com/" };
    const made = record(batch, respond(body, { status: 400, headers }));
    assert.equal(made.errorCode, "ClientException");
    assert.equal(made.errorMessage, "Object already exists");
    const named = record(batch, respond('{"__type": "x#ServerException"}', { status: 500 }));
    assert.equal(named.errorCode, "ServerException");
  });

  it("records InternalFailure if the error response is not XML", () => {
    const made = record(call(), respond("<!doctype html><title>500</title> a < b", { status: 500 }));
    assert.equal(made.errorCode, "InternalFailure");
  });
});

describe("isRecorded", () => {
  it("is false for read-only calls and for services that the guard does not watch", () => {
    assert.ok(isReadOnly(call({ action: "GetRole" })));
    assert.ok(!isReadOnly(call({ action: "SetDefaultPolicyVersion" })));
    assert.ok(isRecorded(call()));
    assert.ok(!isRecorded(call({ action: "ListRoles" })));
    assert.ok(!isRecorded(call({ service: "sts", action: "AssumeRole" })));
    assert.ok(!isRecorded(call({ service: "dynamodb", action: "PutItem" })));
  });
});
