import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GuardedRole } from "@drift-guard/core/config/config";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { defineReference, type Reference, type ReferenceInput } from "@drift-guard/core/reference/reference";
import { account, allow, aRole, trustOf } from "../../builders.ts";
import { asReferenced, guardedAs, referenceOf } from "../watched-roles.ts";

const source = { title: "The owner's wiki", date: "2026-11-22" };
const asObject = (text: string) => JSON.parse(text);
const own = "arn:aws:iam::123456789012:policy/team/Reader";

/** An owner's reference: one attached policy, one required grant from any policy, one allowed grant. */
function aReference(over: Partial<ReferenceInput> = {}): Reference {
  return defineReference({
    role: "Worker",
    source,
    trust: asObject(trustOf("ecs-tasks.amazonaws.com")),
    attachments: [{ arn: own, version: "v3", document: asObject(allow("s3:GetObject")), source }],
    floor: { document: asObject(allow("sqs:SendMessage")), source },
    allowed: { document: asObject(allow("sns:Publish")), source },
    boundary: "none",
    ...over,
  });
}

/** A role exactly as that reference requires. */
function worker(over: Partial<Role> = {}): Role {
  return aRole({
    name: "Worker",
    path: "/",
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attached: [{ arn: own, version: seen({ id: "v3", text: allow("s3:GetObject") }) }],
    inline: [{ name: "send", text: allow("sqs:SendMessage") }],
    ...over,
  });
}

function assess(role: Role, reference = aReference(), guarded: Partial<GuardedRole> = {}) {
  return evaluate({ reference, guarded: guardedAs(guarded), reading: { status: "present", role } });
}

const label = (assessment: Assessment) =>
  `${assessment.part} ${assessment.kind === "drift" ? assessment.side : assessment.kind}`;

describe("a floor", () => {
  it("is met by any policy that allows it", () => {
    assert.deepEqual(assess(worker()), []);
    const elsewhere = worker({
      attached: [
        ...worker().attached,
        {
          arn: "arn:aws:iam::aws:policy/Sender",
          version: seen({ id: "v1", text: allow("sqs:SendMessage") }),
        },
      ],
      inline: [],
    });
    assert.deepEqual(assess(elsewhere), []);
  });

  it("is missing, with the grants, if no policy allows it", () => {
    const [drift, ...others] = assess(worker({ inline: [] }));
    assert.deepEqual(others, []);
    assert.ok(drift?.kind === "drift");
    assert.deepEqual([label(drift), drift.grants[0]?.actions], ["permissions missing", ["sqs:SendMessage"]]);
  });

  it("is not compared if it is off", () => {
    assert.deepEqual(assess(worker({ inline: [] }), aReference(), { strictness: { floor: "off" } }), []);
  });

  it("is reported only at the Deny that blocks it", () => {
    const deny = JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Deny", Action: "sqs:*", Resource: "*" },
    });
    const role = worker({ inline: [...worker().inline, { name: "stop", text: deny }] });
    assert.deepEqual(assess(role).map(label), ["inline:stop missing"]);
  });

  it("is reported at the boundary that blocks it, or as missing if any boundary is allowed", () => {
    const boundary = seen({
      arn: "arn:aws:iam::aws:policy/ReadOnly",
      version: seen({ id: "v1", text: allow("s3:*") }),
    });
    assert.deepEqual(assess(worker({ boundary })).map(label), ["boundary missing"]);
    assert.deepEqual(assess(worker({ boundary }), aReference({ boundary: "any" })).map(label), [
      "permissions missing",
    ]);
    const hidden = unseen("access denied");
    assert.deepEqual(assess(worker({ boundary: hidden }), aReference({ boundary: "any" })).map(label), [
      "permissions undecided",
    ]);
    const wide = seen({
      arn: "arn:aws:iam::aws:policy/AdministratorAccess",
      version: seen({ id: "v1", text: allow("*") }),
    });
    assert.deepEqual(assess(worker({ boundary: wide }), aReference({ boundary: "any" })), []);
  });

  it("is undecided if an unreadable policy may allow it", () => {
    const role = worker({
      attached: [...worker().attached, { arn: "arn:aws:iam::aws:policy/X", version: unseen("denied") }],
      inline: [],
    });
    assert.deepEqual(assess(role).map(label), [
      "managed:arn:aws:iam::aws:policy/X undecided",
      "permissions undecided",
    ]);
  });

  it("requires and allows a Deny of its own", () => {
    const document = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "sqs:*", Resource: "*" },
        { Effect: "Deny", Action: "sqs:DeleteQueue", Resource: "*" },
      ],
    });
    const reference = aReference({ floor: { document: asObject(document), source } });
    assert.deepEqual(assess(worker({ inline: [{ name: "send", text: document }] }), reference), []);
    const freed = worker({ inline: [{ name: "send", text: allow("sqs:*") }] });
    const found = assess(freed, reference).map(label);
    assert.deepEqual(found, ["permissions excess"]);
  });
});

describe("an attachment", () => {
  const copied = worker({
    attached: [],
    inline: [
      { name: "copy", text: allow("s3:GetObject") },
      { name: "send", text: allow("sqs:SendMessage") },
    ],
  });

  it("is required: an inline copy does not count (R40)", () => {
    assert.deepEqual(assess(copied).map(label), [`managed:${own} missing`]);
  });

  it("adds its grants to the floor if it is not required", () => {
    const strictness = { attachments: "off" } as const;
    assert.deepEqual(assess(copied, aReference(), { strictness }), []);
    const without = { ...copied, inline: copied.inline.slice(1) };
    assert.deepEqual(assess(without, aReference(), { strictness }).map(label), ["permissions missing"]);
    const neither = { attachments: "off", floor: "off" } as const;
    assert.deepEqual(assess(without, aReference(), { strictness: neither }), []);
  });

  it("is drift on both sides if a customer managed policy was edited", () => {
    const edited = worker({
      attached: [{ arn: own, version: seen({ id: "v4", text: allow("s3:DeleteObject") }) }],
    });
    assert.deepEqual(assess(edited).map(label), [`managed:${own} excess`, `managed:${own} missing`]);
  });
});

describe("a ceiling", () => {
  const more = worker({ inline: [...worker().inline, { name: "more", text: allow("iam:*") }] });

  it("allows only what the reference requires or allows", () => {
    assert.deepEqual(assess(more).map(label), ["inline:more excess"]);
    const allowed = { name: "label", text: allow("sns:Publish") };
    assert.deepEqual(assess(worker({ inline: [...worker().inline, allowed] })), []);
  });

  it("allows everything if it is open, and still reports missing permissions", () => {
    const strictness = { ceiling: "open" } as const;
    assert.deepEqual(assess(more, aReference(), { strictness }), []);
    const stop = { name: "stop", text: '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}' };
    assert.deepEqual(
      assess({ ...more, inline: [...more.inline, stop] }, aReference(), { strictness }).map(label),
      ["inline:stop missing"],
    );
  });

  it("ignores the owner's allowed policies, by name or ARN, whatever they allow", () => {
    const role = worker({
      attached: [
        ...worker().attached,
        {
          arn: `arn:aws:iam::${account}:policy/ops/Debug`,
          version: seen({ id: "v1", text: allow("ssm:*") }),
        },
      ],
      inline: [...worker().inline, { name: "more", text: allow("iam:*") }],
    });
    assert.equal(assess(role).length, 2);
    assert.deepEqual(
      assess(role, aReference(), { allowedPolicies: ["arn:aws:iam::*:policy/ops/*", "more"] }),
      [],
    );
    assert.deepEqual(assess(role, aReference(), { allowedPolicies: ["mor", "ore"] }).length, 2);
  });
});

describe("a trust", () => {
  const both = trustOf("ecs-tasks.amazonaws.com").replace(
    '"Statement":[',
    '"Statement":[{"Effect":"Allow","Principal":{"AWS":"999988887777"},"Action":"sts:AssumeRole"},',
  );

  it("must be equivalent if it is exact", () => {
    assert.deepEqual(assess(worker({ trust: both })).map(label), ["trust excess"]);
  });

  it("may be wider, but not narrower, if it is a floor", () => {
    const strictness = { trust: "floor" } as const;
    assert.deepEqual(assess(worker({ trust: both }), aReference(), { strictness }), []);
    const other = worker({ trust: trustOf("lambda.amazonaws.com") });
    assert.deepEqual(assess(other, aReference(), { strictness }).map(label), ["trust missing"]);
  });

  it("is not compared if it is off", () => {
    assert.deepEqual(assess(worker({ trust: "odd" }), aReference(), { strictness: { trust: "off" } }), []);
  });
});

describe("an instance profile", () => {
  it("has the role's name if the reference's profile has the reference's name", () => {
    const reference = referenceOf("ecsInstanceRole");
    const role = asReferenced("ecsInstanceRole", { name: "MyInstances", profiles: seen(["myinstances"]) });
    assert.deepEqual(assess(role, reference), []);
    assert.deepEqual(assess({ ...role, profiles: seen(["ecsInstanceRole"]) }, reference).map(label), [
      "profile missing",
    ]);
  });

  it("is another if the owner names one", () => {
    const role = asReferenced("ecsInstanceRole", { profiles: seen(["made-by-cdk"]) });
    assert.deepEqual(assess(role, referenceOf("ecsInstanceRole"), { profile: "made-by-cdk" }), []);
  });
});

describe("a retired policy", () => {
  it("is reported with the reason and the fix, unless the owner allows it (2.2)", () => {
    const arn = "arn:aws:iam::aws:policy/service-role/AmazonEC2SpotFleetRole";
    const role = asReferenced("AmazonEC2SpotFleetTaggingRole");
    const both = { ...role, attached: [...role.attached, { arn, version: unseen("denied") }] };
    const reference = referenceOf("AmazonEC2SpotFleetTaggingRole");
    const [drift, ...others] = assess(both, reference);
    assert.deepEqual(others, []);
    assert.match(drift?.kind === "drift" ? (drift.detail ?? "") : "", /cannot tag.*then detach it/);
    assert.deepEqual(assess(both, reference, { allowedPolicies: [arn] }), []);
  });
});
