import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { acceptDrifts } from "@drift-guard/core/capture/accept-drift";
import { captureRole } from "@drift-guard/core/capture/capture";
import { CaptureError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Assessment } from "@drift-guard/core/model/evidence";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { exemplifyReference } from "@drift-guard/core/reference/example";
import { defineReference, formatReference, type Reference } from "@drift-guard/core/reference/reference";
import fc from "fast-check";
import { aFinding, aKey, allow, anUndecided, aRole, trustOf } from "../../builders.ts";
import { drawPolicy } from "../../policy/grammar.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

const today = "2026-11-22";
const guarded = guardedAs({});
const guardedAt = ({ path }: Role) => guardedAs({ paths: [path] });
const present = (role: Role) => ({ status: "present", role }) as const;
const assess = (role: Role, reference: Reference): readonly Assessment[] =>
  evaluate({ reference, guarded: guardedAt(role), reading: present(role) });
const label = (assessment: Assessment) =>
  `${assessment.part} ${assessment.kind === "drift" ? assessment.side : assessment.kind}`;

const power = { arn: "arn:aws:iam::aws:policy/PowerUserAccess" };

/** An owner's role with every part that a role can have. */
const worker = aRole({
  name: "Worker",
  path: "/team/",
  trust: trustOf("lambda.amazonaws.com"),
  attached: [
    { arn: "arn:aws:iam::123456789012:policy/own", version: seen({ id: "v7", text: allow("s3:GetObject") }) },
    {
      arn: "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
      version: seen({ id: "v1", text: allow("logs:*") }),
    },
  ],
  inline: [
    { name: "one", text: allow("sqs:SendMessage") },
    {
      name: "two",
      text: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Sid: "x", Effect: "Allow", Action: "sns:*", Resource: "*" },
          { Sid: "y", Effect: "Deny", Action: "sns:DeleteTopic", Resource: "*" },
        ],
      }),
    },
  ],
  profiles: seen(["Workers"]),
  description: seen("Runs orders"),
  maxSession: seen(7_200),
  tags: seen({ team: "orders" }),
});

describe("a captured role", () => {
  it("has no drift from its reference, which is written and read without loss", () => {
    const roles = [worker, ...builtInReferences().map(({ role }) => asReferenced(role))];
    for (const role of roles) {
      const { reference } = captureRole(role, today);
      const read = defineReference(JSON.parse(formatReference(reference)));
      assert.deepEqual(read, reference);
      assert.deepEqual(assess(role, read), [], role.name);
    }
  });

  it("reports every part that it loses as drift", () => {
    const { reference } = captureRole(worker, today);
    const bare: Role = {
      ...worker,
      attached: [],
      inline: [],
      profiles: seen([]),
      trust: trustOf("ec2.amazonaws.com"),
      description: seen(""),
      maxSession: seen(3_600),
      tags: seen({}),
    };
    assert.deepEqual(assess(bare, reference).map(label), [
      "trust excess",
      "trust missing",
      "managed:arn:aws:iam::123456789012:policy/own missing",
      "managed:arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole missing",
      "permissions missing",
      "permissions excess",
      "profile missing",
      "description altered",
      "session altered",
      "tag:team altered",
    ]);
  });

  it("has its boundary's document, description, maximum session duration and tags in the reference", () => {
    const text = allow("s3:*");
    const boundary = seen({ arn: "arn:aws:iam::123456789012:policy/b", version: seen({ id: "v1", text }) });
    const tags = seen({ team: "orders", "aws:cloudformation:stack-name": "s" });
    const { reference } = captureRole({ ...worker, boundary, tags }, today);
    const { description, maxSession } = reference;
    assert.deepEqual(
      [reference.boundary, description, maxSession, reference.tags],
      [
        { arn: "arn:aws:iam::123456789012:policy/b", document: text },
        "Runs orders",
        7_200,
        { team: "orders" },
      ],
    );
  });

  it("has no part in the reference that its source does not show, and a note says which", () => {
    const hidden = unseen("A snapshot does not show it.");
    const role = { ...worker, description: hidden, maxSession: hidden, tags: hidden };
    const { reference, notes } = captureRole(role, today);
    assert.deepEqual(
      ["description", "maxSession", "tags"].filter((part) => part in reference),
      [],
    );
    assert.equal(notes.filter((note) => note.endsWith("A snapshot does not show it.")).length, 3);
    assert.deepEqual(assess(role, reference), []);
  });

  it("is captured as service-linked if it is", () => {
    const { reference } = captureRole(asReferenced("AWSServiceRoleForECS"), today);
    assert.deepEqual(
      [reference.serviceLinked, reference.path],
      ["ecs.amazonaws.com", "/aws-service-role/ecs.amazonaws.com/"],
    );
    // AWS writes its description.
    assert.ok(!("description" in reference || "maxSession" in reference || "tags" in reference));
  });

  it("is clean, whatever its parts are", () => {
    const policy = drawPolicy({ trust: false, variables: true }).map((drawn) => JSON.stringify(drawn));
    const trust = drawPolicy({ trust: true, variables: false }).map((drawn) => JSON.stringify(drawn));
    const aPolicy = policy.map((text) => ({
      arn: "arn:aws:iam::123456789012:policy/b",
      version: seen({ id: "v1", text }),
    }));
    const drawn = fc.record({
      partition: fc.constantFrom("aws", "aws-cn", "aws-us-gov"),
      path: fc.constantFrom("/", "/service-role/", "/team/", "/aws-service-role/ecs.amazonaws.com/"),
      text: trust,
      managed: fc.array(policy, { maxLength: 2 }),
      inline: fc.array(policy, { maxLength: 2 }),
      boundary: fc.oneof(fc.constant(null), aPolicy, fc.constant({ ...power, version: unseen("not shown") })),
      tags: fc.dictionary(
        fc.constantFrom("team", "aws:x", "Kosten stelle", "a/b:c"),
        fc.constantFrom("", "b@1"),
      ),
      profiles: fc.subarray(["Worker", "Workers", "Others"]),
    });
    fc.assert(
      fc.property(drawn, ({ partition, path, text, managed, inline, boundary, tags, profiles }) => {
        const role = aRole({
          name: "Worker",
          partition,
          path,
          trust: text,
          attached: managed.map((document, index) => ({
            arn: `arn:${partition}:iam::${index === 0 ? "123456789012" : "aws"}:policy/p${index}`,
            version: seen({ id: "v1", text: document }),
          })),
          inline: inline.map((document, index) => ({ name: `i${index}`, text: document })),
          boundary: seen(boundary),
          tags: seen(tags),
          profiles: seen(profiles),
        });
        const { reference } = captureRole(role, today);
        const read = defineReference(JSON.parse(formatReference(reference)));
        const assessments = evaluate({ reference: read, guarded, reading: present(role) });
        // A drawn trust policy may let anyone in, which is a note.
        const isOpen = (each: (typeof assessments)[number]) =>
          each.kind === "note" && each.topic === "open-trust";
        assert.deepEqual(
          assessments.filter((each) => !isOpen(each)),
          [],
        );
      }),
      { numRuns: 300 },
    );
  });

  it("keeps the meaning of ${…}, which is plain text in policies of version 2008-10-17", () => {
    // The 2008 policy is that of people who copied a policy with variables under the old version: it allows the bucket's
    // folder with the literal name (IAM User Guide, "IAM policy elements: Variables and tags").
    const inVersion = (Version: string | undefined, Condition?: object) =>
      JSON.stringify({
        Version,
        Statement: [
          {
            Effect: "Allow",
            Action: "s3:PutObject",
            Resource: "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
            Condition,
          },
        ],
      });
    const owns = { StringEquals: { "s3:RequestObjectTag/team": "${aws:PrincipalTag/team}" } };
    for (const old of ["2008-10-17", undefined]) {
      const role = {
        ...worker,
        inline: [
          { name: "new", text: inVersion("2012-10-17", owns) },
          { name: "old", text: inVersion(old, owns) },
        ],
      };
      const { reference } = captureRole(role, today);
      assert.deepEqual(assess(role, reference), []);
      const [renewed] = role.inline;
      assert.ok(renewed);
      const widened = {
        ...role,
        inline: [{ ...renewed, text: inVersion("2012-10-17") }, ...role.inline.slice(1)],
      };
      assert.deepEqual(assess(widened, reference).map(label), ["inline:new excess"]);
      const lost = { ...role, inline: role.inline.slice(0, 1) };
      assert.deepEqual(assess(lost, reference).map(label), ["permissions missing"]);
    }
  });

  it("has a note for all that the owner has to complete", () => {
    const boundary = seen({ ...power, version: unseen("denied") });
    const role = { ...worker, boundary, profiles: seen(["a", "b"]) };
    const { reference, notes } = captureRole(role, today);
    assert.deepEqual([reference.boundary, reference.profile], [power, undefined]);
    assert.match(notes.join("\n"), /PowerUserAccess[\s\S]*2 instance profiles/);
  });

  it("reports a later boundary that blocks everything, at one part", () => {
    const bounded = (text: string) =>
      seen({ arn: "arn:aws:iam::123456789012:policy/Bound", version: seen({ id: "v1", text }) });
    const role = { ...worker, boundary: bounded(allow("*")) };
    const { reference } = captureRole(role, today);
    assert.deepEqual(assess(role, reference), []);
    for (const inline of [worker.inline, []]) {
      const captured = captureRole({ ...role, inline }, today).reference;
      const found = assess({ ...role, inline, boundary: bounded(allow("dynamodb:ListTables")) }, captured);
      assert.equal(found.filter((one) => one.kind === "drift" && one.side === "missing").length, 1);
    }
  });

  it("is refused unless every part can be read", () => {
    const hidden = { ...worker, attached: [{ arn: "arn:aws:iam::aws:policy/X", version: unseen("denied") }] };
    assert.throws(() => captureRole(hidden, today), { name: "CaptureError", message: /denied/ });
    assert.throws(() => captureRole({ ...worker, trust: "{}" }, today), {
      message: /Its trust policy cannot be parsed/,
    });
    assert.throws(() => captureRole({ ...worker, boundary: unseen("not shown") }, today), CaptureError);
  });
});

function findingsOf(role: Role, reference: Reference): readonly Finding[] {
  return assess(role, reference).map((evidence) =>
    aFinding({ id: identifyFinding(role, evidence), role: aKey({ name: role.name }), evidence }),
  );
}

const take = (role: Role, reference: Reference, findings: readonly Finding[]) =>
  acceptDrifts({ reference, guarded: guardedAt(role), reading: present(role) }, findings, today);

describe("an accepted drift", () => {
  const name = "ecsTaskExecutionRole";
  const clean = asReferenced(name);
  const reference = referenceOf(name);
  const document = JSON.parse(clean.trust);
  const stranger = { Effect: "Allow", Principal: { AWS: "999988887777" }, Action: "sts:AssumeRole" };
  const deny = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "ecr:*", Resource: "*" }],
  });
  const cases: Readonly<Record<string, Partial<Role>>> = {
    "of an inline policy with excess": { inline: [{ name: "more", text: allow("s3:*") }] },
    "of a Deny": { inline: [{ name: "stop", text: deny }] },
    "of another managed policy": {
      attached: [
        ...clean.attached,
        { arn: "arn:aws:iam::aws:policy/ReadOnly", version: seen({ id: "v1", text: allow("s3:Get*") }) },
      ],
    },
    "of a detached policy": { attached: [] },
    "of a trust with another principal": {
      trust: JSON.stringify({ ...document, Statement: [...document.Statement, stranger] }),
    },
    "of a trust that is narrower": {
      trust: JSON.stringify({
        ...document,
        Statement: [{ ...document.Statement[0], Condition: { Bool: { "aws:SecureTransport": "true" } } }],
      }),
    },
    "of a boundary": {
      boundary: seen({ arn: "arn:aws:iam::aws:policy/B", version: seen({ id: "v1", text: allow("*") }) }),
    },
    "of AWS's own newer version": {
      attached: clean.attached.map(({ arn }) => ({ arn, version: seen({ id: "v2", text: allow("ecr:*") }) })),
    },
  };
  for (const [what, over] of Object.entries(cases)) {
    it(`${what} changes the reference and nothing else`, () => {
      const role = { ...clean, ...over };
      const [finding, ...others] = findingsOf(role, reference);
      assert.ok(finding);
      assert.deepEqual(others, []);
      const taken = defineReference(JSON.parse(formatReference(take(role, reference, [finding]))));
      assert.deepEqual(assess(role, taken), []);
      const further = { ...role, inline: [...role.inline, { name: "further", text: allow("iam:*") }] };
      assert.deepEqual(assess(further, taken).map(label), ["inline:further excess"]);
    });
  }

  it("of a description, maximum session duration or tag changes the reference and nothing else", () => {
    const { reference: own } = captureRole(worker, today);
    const role = {
      ...worker,
      description: seen("x"),
      maxSession: seen(3_600),
      tags: seen({ TEAM: "b" }),
    };
    const findings = findingsOf(role, own);
    for (const finding of findings) {
      const left = findings.filter((other) => other !== finding).map(({ evidence }) => `${evidence.part}`);
      const taken = defineReference(JSON.parse(formatReference(take(role, own, [finding]))));
      assert.deepEqual(
        assess(role, taken).map(({ part }) => `${part}`),
        left,
      );
    }
    assert.deepEqual(assess(role, take(role, own, findings)), []);
    const untagged = { ...worker, tags: seen({}) };
    assert.deepEqual(take(untagged, own, findingsOf(untagged, own)).tags, {});
  });

  it("of an instance profile can be accepted (2.1)", () => {
    const role = asReferenced("ecsInstanceRole", { profiles: seen([]) });
    const taken = take(
      role,
      referenceOf("ecsInstanceRole"),
      findingsOf(role, referenceOf("ecsInstanceRole")),
    );
    assert.deepEqual([taken.profile, assess(role, taken)], [undefined, []]);
  });

  it("of a retired policy makes it an allowed one", () => {
    const own = referenceOf("AmazonEC2SpotFleetTaggingRole");
    const role = asReferenced("AmazonEC2SpotFleetTaggingRole");
    const legacy = own.retired.map(({ arn }) => ({
      arn,
      version: seen({ id: "v4", text: allow("elasticloadbalancing:Describe*") }),
    }));
    const both = { ...role, attached: [...role.attached, ...legacy] };
    assert.deepEqual(assess(both, take(both, own, findingsOf(both, own))), []);
  });

  it("leaves the other drifts of the role open", () => {
    const role = { ...clean, ...cases["of a boundary"], inline: [{ name: "more", text: allow("s3:*") }] };
    const [more] = findingsOf(role, reference);
    assert.ok(more);
    assert.deepEqual(assess(role, take(role, reference, [more])).map(label), ["boundary altered"]);
  });

  it("on one side of a trust is refused if it would accept the other side", () => {
    const role = { ...clean, trust: trustOf("lambda.amazonaws.com") };
    const [excess, missing] = findingsOf(role, reference);
    assert.ok(excess && missing);
    assert.deepEqual(assess(role, take(role, reference, [excess])).map(label), ["trust missing"]);
    assert.throws(() => take(role, reference, [missing]), { message: /trust would change with it/ });
    assert.deepEqual(assess(role, take(role, reference, [excess, missing])), []);
  });

  it("that the role no longer has is refused", () => {
    const [finding] = findingsOf({ ...clean, ...cases["of a Deny"] }, reference);
    assert.ok(finding);
    assert.throws(() => take(clean, reference, [finding]), {
      name: "CaptureError",
      message: /the role has changed/,
    });
  });

  it("that is undecided is refused", () => {
    const role = { ...clean, inline: [{ name: "odd", text: "{}" }] };
    assert.throws(() => take(role, reference, findingsOf(role, reference)), {
      message: /cannot be accepted into a reference/,
    });
    assert.throws(() => take(clean, reference, [aFinding({ evidence: anUndecided() })]), CaptureError);
  });
});

describe("a reference's example", () => {
  it("has no drift from it", () => {
    for (const reference of [...builtInReferences(), captureRole(worker, today).reference]) {
      assert.deepEqual(evaluate({ reference, guarded, reading: exemplifyReference(reference) }), []);
    }
  });
});
