import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLocalHub, type LocalHub } from "@drift-guard/local/recorder/security-hub";
import { account } from "../../builders.ts";

const ProductArn = `arn:aws:securityhub:us-east-1:${account}:product/${account}/default`;
const finding = (over: object = {}) => ({
  SchemaVersion: "2018-10-08",
  Id: "one",
  ProductArn,
  GeneratorId: "drift-guard/drift",
  AwsAccountId: account,
  CreatedAt: "2026-11-22T12:00:00Z",
  UpdatedAt: "2026-11-22T12:00:00Z",
  Title: "Title",
  Description: "Description",
  Resources: [{ Type: "AwsIamRole", Id: "arn" }],
  Compliance: { Status: "FAILED" },
  ...over,
});
const at = (minute: number) => `2026-11-22T12:0${minute}:00Z`;

const ask = (hub: LocalHub, action: string, parameters: object = {}) =>
  hub.answer({
    service: "securityhub",
    action,
    region: "us-east-1",
    accessKeyId: "A",
    parameters: { ...parameters },
  });
const send = (hub: LocalHub, ...findings: readonly object[]) => ask(hub, "BatchImportFindings", { findings });
const set = (hub: LocalHub, Status: string, Id = "one") =>
  ask(hub, "BatchUpdateFindings", { findingIdentifiers: [{ Id, ProductArn }], workflow: { Status } });

function anEnabledHub(): LocalHub {
  const hub = createLocalHub(account);
  ask(hub, "EnableSecurityHub");
  return hub;
}

/** The workflow, record state and title of the only finding. */
function look(hub: LocalHub): readonly unknown[] {
  const reply = ask(hub, "GetFindings", { filters: { Id: [{ Value: "one", Comparison: "EQUALS" }] } });
  assert.ok(reply && "body" in reply && "Findings" in reply.body && Array.isArray(reply.body.Findings));
  const [{ Workflow, RecordState, Title }] = reply.body.Findings;
  return [Workflow.Status, RecordState, Title];
}

describe("The local Security Hub", () => {
  it("refuses every call with InvalidAccessException until it is enabled", () => {
    const hub = createLocalHub(account);
    for (const action of ["DescribeHub", "BatchImportFindings", "GetFindings", "BatchUpdateFindings"]) {
      const reply = ask(hub, action);
      assert.equal(reply && "failure" in reply && reply.failure.code, "InvalidAccessException", action);
    }
  });

  it("refuses bad findings one by one, and a call with more than a hundred as a whole", () => {
    const hub = anEnabledHub();
    const bad = [
      finding({ Id: "a", ProductArn: "arn:aws:securityhub:us-east-1::product/aws/guardduty" }),
      finding({ Id: "b", AwsAccountId: "999988887777" }),
      finding({ Id: "c", Title: "x".repeat(257) }),
      finding({ Id: "d", Resources: [] }),
    ];
    const reply = send(hub, finding(), ...bad);
    assert.ok(reply && "body" in reply);
    assert.deepEqual(
      reply.changed.map(({ Id }) => Id),
      ["one"],
    );
    assert.partialDeepStrictEqual(reply.body, { FailedCount: 4, SuccessCount: 1 });
    const many = send(hub, ...Array.from({ length: 101 }, (_, index) => finding({ Id: `f${index}` })));
    assert.equal(many && "failure" in many && many.failure.code, "InvalidInputException");
  });

  it("ignores an update that is not later, and raises no event about it", () => {
    const hub = anEnabledHub();
    send(hub, finding());
    const reply = send(hub, finding({ Title: "Same time" }));
    assert.deepEqual(reply && "changed" in reply && reply.changed, []);
    send(hub, finding({ Title: "Later", UpdatedAt: at(1) }));
    assert.deepEqual(look(hub), ["NEW", "ACTIVE", "Later"]);
  });

  it("keeps the workflow that a user set, and resets RESOLVED and NOTIFIED where a finding returns", () => {
    for (const [status, after] of [
      ["RESOLVED", "NEW"],
      ["NOTIFIED", "NEW"],
      ["SUPPRESSED", "SUPPRESSED"],
    ] as const) {
      const hub = anEnabledHub();
      send(hub, finding());
      set(hub, status);
      send(hub, finding({ UpdatedAt: at(1) }));
      assert.equal(look(hub)[0], status);
      const passed = { Compliance: { Status: "PASSED" }, RecordState: "ARCHIVED" };
      send(hub, finding({ ...passed, UpdatedAt: at(2) }));
      assert.deepEqual(look(hub).slice(0, 2), [status, "ARCHIVED"]);
      send(hub, finding({ UpdatedAt: at(3) }));
      assert.deepEqual(look(hub).slice(0, 2), [after, "ACTIVE"]);
    }
  });

  it("updates findings that exist, names the others, and raises an event about each update", () => {
    const hub = anEnabledHub();
    send(hub, finding());
    const reply = set(hub, "SUPPRESSED");
    assert.deepEqual(reply && "changed" in reply && reply.changed.map(({ Workflow }) => Workflow.Status), [
      "SUPPRESSED",
    ]);
    const missing = set(hub, "NEW", "other");
    assert.ok(missing && "body" in missing && "UnprocessedFindings" in missing.body);
    assert.partialDeepStrictEqual(missing.body.UnprocessedFindings, [{ ErrorCode: "FindingNotFound" }]);
  });

  it("returns the findings that match every filter, by pages", () => {
    const hub = anEnabledHub();
    send(hub, finding({ Id: "a" }), finding({ Id: "b" }), finding({ Id: "c", RecordState: "ARCHIVED" }));
    const idsOf = (parameters: object) => {
      const reply = ask(hub, "GetFindings", parameters);
      assert.ok(reply && "body" in reply && "Findings" in reply.body && Array.isArray(reply.body.Findings));
      return reply.body.Findings.map(({ Id }) => Id);
    };
    const equals = (Value: string) => ({ Value, Comparison: "EQUALS" });
    assert.deepEqual(idsOf({ filters: { Id: [equals("a"), equals("c")] } }), ["a", "c"]);
    const archived = { RecordState: [equals("ARCHIVED")], Id: [equals("a"), equals("c")] };
    assert.deepEqual(idsOf({ filters: archived }), ["c"]);
    assert.deepEqual(idsOf({ maxResults: 2 }), ["a", "b"]);
    assert.deepEqual(idsOf({ maxResults: 2, nextToken: "2" }), ["c"]);
  });

  it("takes all but the first finding of a call that fails in part", () => {
    const hub = anEnabledHub();
    const call = { service: "securityhub", region: "us-east-1", accessKeyId: "A" };
    const refused = { code: "InternalException", message: "The service failed" };
    const imported = hub.answer(
      {
        ...call,
        action: "BatchImportFindings",
        parameters: { findings: [finding({ Id: "two" }), finding()] },
      },
      refused,
    );
    assert.match(
      JSON.stringify(imported),
      /"FailedCount":1,"SuccessCount":1,"FailedFindings":\[\{"Id":"two"/,
    );
    assert.deepEqual(look(hub), ["NEW", "ACTIVE", "Title"]);
    const findingIdentifiers = [{ Id: "one", ProductArn }];
    const updated = hub.answer(
      {
        ...call,
        action: "BatchUpdateFindings",
        parameters: { findingIdentifiers, workflow: { Status: "NOTIFIED" } },
      },
      refused,
    );
    assert.match(JSON.stringify(updated), /"ProcessedFindings":\[\],"UnprocessedFindings":\[\{/);
    assert.deepEqual(look(hub), ["NEW", "ACTIVE", "Title"]);
  });
});
