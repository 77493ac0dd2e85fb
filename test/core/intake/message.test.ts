import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import {
  formatRecheck,
  type Message,
  parseEnvelope,
  parseMessage,
  parseRecord,
} from "@drift-guard/core/intake/message";
import { digestCall } from "@drift-guard/core/model/call-digest";
import { type Change, mayConcernEveryRole } from "@drift-guard/core/model/change";
import { partOf } from "@drift-guard/core/model/part";
import { nameChange } from "@drift-guard/core/store/kept-changes";
import fc from "fast-check";
import { aChange, noon } from "../../builders.ts";

const record = (over: Record<string, unknown> = {}) => ({
  eventID: "e-1",
  eventTime: "2026-11-22T12:00:00Z",
  eventSource: "iam.amazonaws.com",
  eventName: "DetachRolePolicy",
  awsRegion: "us-east-1",
  recipientAccountId: "123456789012",
  userIdentity: { type: "IAMUser", arn: "arn:aws:iam::123456789012:user/ann", accountId: "123456789012" },
  requestParameters: { roleName: "AWSBatchServiceRole", policyArn: "arn:aws:iam::aws:policy/X" },
  ...over,
});

function changeIn(message: Message): Change {
  if (message.kind !== "change") throw new assert.AssertionError({ message: `it is ${message.kind}` });
  return message.change;
}

describe("a CloudTrail record", () => {
  it("becomes a change with its actor, call, subject and outcome", () => {
    assert.deepEqual(changeIn(parseRecord(record())), {
      id: "e-1",
      at: "2026-11-22T12:00:00Z",
      account: "123456789012",
      region: "us-east-1",
      call: "iam:DetachRolePolicy",
      actor: { type: "IAMUser", arn: "arn:aws:iam::123456789012:user/ann", account: "123456789012" },
      outcome: { status: "succeeded" },
      subjects: [{ kind: "role", name: "AWSBatchServiceRole" }],
      writes: partOf("managed:arn:aws:iam::aws:policy/X"),
      callDigest: digestCall({
        call: "iam:DetachRolePolicy",
        role: "AWSBatchServiceRole",
        part: partOf("managed:arn:aws:iam::aws:policy/X"),
        policyArn: "arn:aws:iam::aws:policy/X",
      }),
    });
  });

  for (const [message, subject] of [
    [
      "on resource: role TrailDiscover-Role because no identity-based policy allows it",
      { kind: "role", name: "TrailDiscover-Role" },
    ],
    ["on resource: arn:aws:iam::123456789012:role/service-role/FooBar", { kind: "role", name: "FooBar" }],
    [
      "on resource: policy arn:aws:iam::123456789012:policy/team/P version v2 because",
      { kind: "policy", arn: "arn:aws:iam::123456789012:policy/team/P" },
    ],
  ] as const) {
    it(`of a refused call takes its subject from the message: "${message}"`, () => {
      const change = changeIn(
        parseRecord(
          record({
            eventName: "PutRolePolicy",
            requestParameters: null,
            responseElements: null,
            errorCode: "AccessDenied",
            errorMessage: `User: x is not authorized to perform: iam:PutRolePolicy ${message}`,
          }),
        ),
      );
      assert.deepEqual(change.subjects, [subject]);
      assert.equal(change.outcome.status, "refused");
    });
  }

  // Sources: docs/aws-facts.md, "CloudTrail records"; hashicorp/terraform-provider-aws issues 34371 (ConcurrentModification),
  // 7945 and 44853 (throttling); pulumi/pulumi-aws-native issue 172 (EntityAlreadyExists).
  for (const [errorCode, status] of [
    ["AccessDenied", "refused"],
    ["AccessDeniedException", "refused"],
    ["UnmodifiableEntityException", "refused"],
    ["Client.UnauthorizedOperation", "refused"],
    ["UnauthorizedOperation", "refused"],
    ["UnmodifiableEntity", "refused"],
    ["AuthorizationError", "refused"],
    ["KMSAccessDeniedException", "refused"],
    ["InternalFailure", "failed"],
    ["ThrottlingException", "failed"],
    ["Throttling", "failed"],
    ["RequestLimitExceeded", "failed"],
    ["EntityAlreadyExistsException", "failed"],
    ["NoSuchEntityException", "failed"],
    ["ConcurrentModificationException", "failed"],
    ["LimitExceededException", "failed"],
    ["DeleteConflictException", "failed"],
    ["MalformedPolicyDocumentException", "failed"],
    ["PolicyNotAttachableException", "failed"],
    ["ValidationError", "failed"],
    ["InvalidInputException", "failed"],
    ["ServiceFailureException", "failed"],
    ["SomeNewException", "failed"],
  ] as const) {
    it(`with the error code ${errorCode} is of a call that ${status === "failed" ? "failed and was denied to nobody" : "was refused"}`, () =>
      assert.equal(changeIn(parseRecord(record({ errorCode }))).outcome.status, status));
  }

  // Sources: docs/aws-facts.md, "CloudTrail records"; Server.InternalError is the code of Amazon EC2.
  for (const [errorCode, mayHaveChanged] of [
    ["InternalFailure", true],
    ["ServiceFailureException", true],
    ["ServiceFailure", true],
    ["ServerException", true],
    ["ServiceUnavailable", true],
    ["ServiceUnavailableException", true],
    ["InternalServerError", true],
    ["Server.InternalError", true],
    ["ThrottlingException", undefined],
    ["ValidationError", undefined],
    ["NoSuchEntityException", undefined],
    ["SomeNewException", undefined],
  ] as const) {
    it(`with the error code ${errorCode} is of a call that ${mayHaveChanged ? "may have changed something" : "changed nothing"}`, () => {
      const { outcome } = changeIn(parseRecord(record({ errorCode })));
      assert.equal(outcome.status === "failed" ? outcome.mayHaveChanged : outcome, mayHaveChanged);
      const withoutTarget = parseRecord(record({ errorCode, requestParameters: null }));
      assert.equal(
        withoutTarget.kind === "change" && mayConcernEveryRole(withoutTarget.change),
        mayHaveChanged === true,
      );
    });
  }

  // "Troubleshoot access denied error messages" (IAM User Guide): the kinds of policies that deny.
  for (const context of [
    "because no identity-based policy allows the iam:AttachRolePolicy action",
    "with an explicit deny in a service control policy",
    "with an explicit deny in a resource control policy",
    "because no permissions boundary allows the iam:AttachRolePolicy action",
    "because no session policy allows the iam:AttachRolePolicy action",
  ]) {
    it(`with a code of no source is of a call that was refused if IAM says so: "${context}"`, () => {
      const errorMessage = `User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:AttachRolePolicy on resource: role AWSBatchServiceRole ${context}`;
      const { outcome, subjects } = changeIn(
        parseRecord(record({ errorCode: "SomeNewException", errorMessage, requestParameters: null })),
      );
      assert.equal(outcome.status, "refused");
      assert.deepEqual(subjects, [{ kind: "role", name: "AWSBatchServiceRole" }]);
    });
  }

  it("of a managed policy has the policy as its subject, and no role", () => {
    const change = changeIn(
      parseRecord(
        record({
          eventName: "SetDefaultPolicyVersion",
          requestParameters: { policyArn: "arn:aws:iam::123456789012:policy/P" },
        }),
      ),
    );
    assert.deepEqual(change.subjects, [{ kind: "policy", arn: "arn:aws:iam::123456789012:policy/P" }]);
  });

  for (const [what, over] of [
    [
      "a policy of another account",
      {
        eventName: "DeletePolicy",
        requestParameters: { policyArn: "arn:aws:iam::999999999999:policy/x" },
      },
    ],
    [
      "a policy of another account in the message of a refusal alone",
      {
        eventName: "DeletePolicy",
        requestParameters: null,
        errorMessage: "not authorized … on resource: policy arn:aws:iam::999999999999:policy/x",
      },
    ],
    [
      "a policy by a malformed ARN",
      { eventName: "DeletePolicy", requestParameters: { policyArn: "arn:aws:iam::a:policy" } },
    ],
    [
      "a policy by a name that is too long",
      {
        eventName: "DeletePolicy",
        requestParameters: { policyArn: `arn:aws:iam::123456789012:policy/${"x".repeat(129)}` },
      },
    ],
    [
      "a profile by an impossible name",
      { eventName: "AddRoleToInstanceProfile", requestParameters: { instanceProfileName: "a b" } },
    ],
    ["a role by an impossible name", { requestParameters: { roleName: "x".repeat(3000) } }],
    [
      "a compute environment by an impossible name",
      {
        eventSource: "batch.amazonaws.com",
        eventName: "UpdateComputeEnvironment",
        requestParameters: { computeEnvironment: "a!b" },
      },
    ],
    [
      "a job definition by an impossible name",
      {
        eventSource: "batch.amazonaws.com",
        eventName: "DeregisterJobDefinition",
        requestParameters: { jobDefinition: "no such:1" },
      },
    ],
  ] as const) {
    it(`that names ${what} has no subject`, () => {
      const refused = { errorCode: "ValidationError", errorMessage: "no", ...over };
      assert.equal(parseRecord(record(refused)).kind, "irrelevant");
    });
  }

  it("that names a policy of AWS has it as its subject in every account", () => {
    const arn = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
    const refused = {
      eventName: "CreatePolicyVersion",
      requestParameters: { policyArn: arn },
      errorCode: "AccessDenied",
    };
    assert.deepEqual(changeIn(parseRecord(record(refused))).subjects, [{ kind: "policy", arn }]);
  });

  it("of a service-linked role's deletion takes the role from the task", () => {
    const task = "task/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch/0f1e";
    const change = changeIn(
      parseRecord(
        record({
          eventName: "DeleteServiceLinkedRole",
          requestParameters: null,
          responseElements: { deletionTaskId: task },
        }),
      ),
    );
    assert.deepEqual(change.subjects, [{ kind: "role", name: "AWSServiceRoleForBatch" }]);
  });

  it("of a compute environment has its roles as subjects, given by ARN, path or name", () => {
    const change = changeIn(
      parseRecord(
        record({
          eventSource: "batch.amazonaws.com",
          eventName: "CreateComputeEnvironment",
          requestParameters: {
            computeEnvironmentName: "ce",
            serviceRole: "service-role/AWSBatchServiceRole",
            computeResources: { instanceRole: "arn:aws:iam::123456789012:instance-profile/ecsInstanceRole" },
          },
        }),
      ),
    );
    assert.deepEqual(change.subjects, [
      { kind: "compute-environment", name: "ce" },
      { kind: "role", name: "AWSBatchServiceRole" },
      { kind: "profile", name: "ecsInstanceRole" },
    ]);
  });

  it("of a session has the role as the actor's issuer", () => {
    const { actor } = changeIn(
      parseRecord(
        record({
          userIdentity: {
            type: "AssumedRole",
            arn: "arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com",
            sessionContext: { sessionIssuer: { arn: "arn:aws:iam::123456789012:role/Admin" } },
          },
        }),
      ),
    );
    assert.equal(actor.issuer, "arn:aws:iam::123456789012:role/Admin");
    assert.equal(actor.session, "ann@example.com");
  });

  it("of a call that changes no role is irrelevant, with the reason", () => {
    assert.deepEqual(parseRecord(record({ eventName: "GetRole" })), {
      kind: "irrelevant",
      why: "iam:GetRole cannot alter a role that Batch uses",
    });
  });

  it("without a required field is unreadable, and the error names the field", () => {
    assert.throws(() => parseRecord({ ...record(), eventID: undefined }), {
      name: "MessageUnreadableError",
      message: /eventID/,
    });
  });

  it("with hostile parameters neither throws nor pollutes prototypes", () => {
    const hostile = JSON.parse(
      '{"roleName": {"toString": 1}, "__proto__": {"roleName": "evil"}, "policyArn": 7}',
    );
    assert.deepEqual(changeIn(parseRecord(record({ requestParameters: hostile }))).subjects, []);
  });

  it("of a call that succeeded and names no target is a change without subjects", () => {
    const omitted = { reason: "requestParameters too large", omitted: "true", originalSize: "149893" };
    const change = changeIn(parseRecord(record({ requestParameters: omitted })));
    assert.deepEqual(change.subjects, []);
    assert.ok(mayConcernEveryRole(change));
  });

  it("whose parameters are omitted takes its subject from the response, where that names one", () => {
    const requestParameters = { omitted: true };
    for (const [eventName, responseElements, subject] of [
      ["CreateRole", { role: { roleName: "R" } }, { kind: "role", name: "R" }],
      [
        "CreatePolicy",
        { policy: { arn: "arn:aws:iam::123456789012:policy/P" } },
        { kind: "policy", arn: "arn:aws:iam::123456789012:policy/P" },
      ],
      [
        "CreateInstanceProfile",
        { instanceProfile: { instanceProfileName: "I" } },
        { kind: "profile", name: "I" },
      ],
      ["RegisterJobDefinition", { jobDefinitionName: "render" }, { kind: "job-definition", name: "render" }],
      [
        "UpdateComputeEnvironment",
        { computeEnvironmentName: "prod" },
        { kind: "compute-environment", name: "prod" },
      ],
    ] as const) {
      const eventSource = subject.kind.includes("-") ? "batch.amazonaws.com" : "iam.amazonaws.com";
      const over = { eventSource, eventName, requestParameters, responseElements };
      assert.deepEqual(changeIn(parseRecord(record(over))).subjects, [subject], eventName);
    }
  });
});

describe("a message", () => {
  it("is unreadable, and not irrelevant, if the detail of an event of AWS Batch is no object", () => {
    const event = {
      source: "aws.batch",
      "detail-type": "Batch Job State Change",
      time: "2026-11-22T12:00:00Z",
    };
    for (const detail of [undefined, null, 7, "no JSON"]) {
      assert.throws(() => parseEnvelope({ ...event, detail }), {
        name: "MessageUnreadableError",
        message: /detail/,
      });
    }
    const detail = JSON.stringify({ jobName: "nightly", status: "RUNNING" });
    assert.equal(parseEnvelope({ ...event, detail }).kind, "irrelevant");
  });

  it("contains an envelope or a recheck", () => {
    const envelope = {
      source: "aws.iam",
      "detail-type": "AWS API Call via CloudTrail",
      account: "123456789012",
      detail: record(),
    };
    assert.equal(parseMessage(JSON.stringify(envelope)).kind, "change");
    assert.deepEqual(parseMessage('{"recheck":"R"}'), { kind: "recheck", recheck: { role: "R" } });
  });

  it("parses to the recheck that it was made from", () => {
    const change = nameChange(aChange());
    for (const recheck of [
      { role: "R" },
      { role: "R", change, began: noon },
      { role: "R", change: { id: change.id } },
    ]) {
      assert.deepEqual(parseMessage(formatRecheck(recheck)), { kind: "recheck", recheck });
    }
  });

  it("with another kind of event is irrelevant", () => {
    const message = parseEnvelope({
      source: "aws.guardduty",
      "detail-type": "GuardDuty Finding",
      detail: {},
    });
    assert.equal(message.kind, "irrelevant");
  });

  it("about a failed job is unreadable without the event's time", () => {
    const event = {
      source: "aws.batch",
      "detail-type": "Batch Job State Change",
      detail: { status: "FAILED", statusReason: "AccessDenied" },
    };
    assert.equal(parseEnvelope({ ...event, time: "2026-11-22T12:00:00Z" }).kind, "symptom");
    for (const time of [undefined, "", "noon"]) {
      assert.throws(() => parseEnvelope({ ...event, time }), MessageUnreadableError);
    }
  });

  it("parses or throws MessageUnreadableError, whatever it contains", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        try {
          assert.ok(["change", "recheck", "irrelevant"].includes(parseMessage(body).kind));
        } catch (error) {
          assert.ok(error instanceof MessageUnreadableError, String(error));
        }
      }),
    );
  });

  it("does so with any field of a real record replaced", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(record())), fc.jsonValue(), (field, value) => {
        try {
          parseRecord({ ...record(), [field]: value });
        } catch (error) {
          assert.ok(error instanceof MessageUnreadableError, String(error));
        }
      }),
    );
  });
});

describe("records of real trails, if their files exist", () => {
  it("parse, except those without a valid time or id", () => {
    const folder = resolve(import.meta.dirname, "../../../../shared/data/cloudtrail/by-event");
    for (const { file, record } of readRecords(folder)) {
      try {
        parseRecord(record);
      } catch (error) {
        assert.ok(
          error instanceof MessageUnreadableError && /eventTime|eventID/.test(error.message),
          `${file}: ${error}`,
        );
      }
    }
  });
});

function readRecords(folder: string): readonly { file: string; record: unknown }[] {
  try {
    return readdirSync(folder).flatMap((file) => {
      const entries: readonly { record: unknown }[] = JSON.parse(readFileSync(join(folder, file), "utf8"));
      return entries.map(({ record }) => ({ file, record }));
    });
  } catch {
    return [];
  }
}
