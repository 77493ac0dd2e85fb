import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Assessment } from "@drift-guard/core/model/evidence";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { defineReference, type ReferenceInput, type Strictness } from "@drift-guard/core/reference/reference";
import fc from "fast-check";
import { account, aDefinitionUse, allow, aRole, trustOf } from "../../builders.ts";
import { guardedAs } from "../watched-roles.ts";

const source = { title: "Team wiki", date: "2026-11-22" };
const closed: Strictness = {
  trust: "exact",
  attachments: "required",
  floor: "required",
  ceiling: "closed",
  tags: "closed",
};
const aReference = (over: Partial<ReferenceInput>) =>
  defineReference({
    role: "Worker",
    source,
    trust: trustOf("ecs-tasks.amazonaws.com"),
    attachments: [],
    boundary: "none",
    ...over,
  });
const worker = (over: Partial<Role> = {}) =>
  aRole({ name: "Worker", attached: [], trust: trustOf("ecs-tasks.amazonaws.com"), ...over });
const byAccount = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" }],
});

function assess(role: Role, over: Partial<ReferenceInput>): readonly Assessment[] {
  const reference = aReference(over);
  return evaluate({ reference, guarded: guardedAs({}), reading: { status: "present", role } });
}
const label = (assessment: Assessment) =>
  `${assessment.part} ${assessment.kind === "drift" ? assessment.side : assessment.kind}`;
const labelled = (role: Role, over: Partial<ReferenceInput>) => assess(role, over).map(label);
const rate = (assessment: Assessment) => rateSeverity(assessment, { role: { account, name: "Worker" } });
const detailOf = (assessment: Assessment | undefined) =>
  assessment?.kind === "drift" ? (assessment.detail ?? "") : "";

describe("description, maximum session duration and tags", () => {
  it("are not compared where the reference leaves them out", () => {
    const role = worker({ description: seen("x"), maxSession: seen(43_200), tags: seen({ a: "b" }) });
    assert.deepEqual(assess(role, {}), []);
  });

  it("are clean as the reference says, with tags beside the listed ones and keys in another case", () => {
    const role = worker({
      description: seen("Runs orders"),
      maxSession: seen(7_200),
      tags: seen({ TEAM: "blue", other: "x" }),
    });
    assert.deepEqual(
      assess(role, { description: "Runs orders", maxSession: 7_200, tags: { team: "blue" } }),
      [],
    );
  });

  it("are altered where the role has another value, or no such tag", () => {
    const role = worker({ description: seen("x"), maxSession: seen(43_200), tags: seen({ team: "red" }) });
    assert.deepEqual(
      labelled(role, { description: "", maxSession: 3_600, tags: { team: "blue", cost: "1" } }),
      ["description altered", "session altered", "tag:team altered", "tag:cost altered"],
    );
  });

  it("are undecided where the source does not show them, one line each, as information", () => {
    const why = "the snapshot does not show it";
    const role = worker({ description: unseen(why), maxSession: unseen(why), tags: unseen(why) });
    const found = assess(role, { description: "x", maxSession: 3_600, tags: { team: "blue", cost: "1" } });
    assert.deepEqual(found.map(label), ["description undecided", "session undecided", "tag:* undecided"]);
    assert.deepEqual(
      found.map((one) => one.kind === "undecided" && one.reasons),
      [[why], [why], [why]],
    );
    assert.deepEqual(new Set(found.map(rate)), new Set(["INFORMATIONAL"]));
  });

  it("are not compared for a role that AWS Batch no longer uses", () => {
    const guarded = guardedAs({
      strictness: { trust: "off", attachments: "off", floor: "off", ceiling: "open" },
    });
    const reference = aReference({ description: "x", maxSession: 7_200, tags: { team: "blue" } });
    assert.deepEqual(evaluate({ reference, guarded, reading: { status: "present", role: worker() } }), []);
  });
});

describe("a further tag", () => {
  const role = worker({ tags: seen({ team: "blue", other: "x", "aws:cloudformation:stack-id": "s" }) });

  it("is drift only where the reference says that its tags are closed, and never a tag of AWS's own", () => {
    assert.deepEqual(labelled(role, { tags: { Team: "blue" } }), []);
    const [extra, ...rest] = assess(role, { tags: { Team: "blue" }, strictness: closed });
    assert.deepEqual(
      [extra, rest].flat().map((one) => one && label(one)),
      ["tag:other altered"],
    );
    assert.match(detailOf(extra), /has the tag other \("x"\), which its reference does not list/);
  });

  it("is drift where the owner closes the tags in the configuration", () => {
    const reference = aReference({ tags: { team: "blue" } });
    const guarded = guardedAs({ strictness: { tags: "closed" } });
    const found = evaluate({ reference, guarded, reading: { status: "present", role } });
    assert.deepEqual(found.map(label), ["tag:other altered"]);
  });
});

describe("the severity of another description", () => {
  it("is information", () => {
    assert.deepEqual(assess(worker(), { description: "x" }).map(rate), ["INFORMATIONAL"]);
  });
});

describe("the severity of another maximum session duration", () => {
  const longer = (trust: string) =>
    assess(worker({ trust, maxSession: seen(43_200) }), { trust, maxSession: 3_600 });

  it("is medium where a caller may assume the role, and low where services alone may", () => {
    const [byCallers] = longer(byAccount);
    assert.ok(byCallers);
    assert.equal(rate(byCallers), "MEDIUM");
    assert.match(detailOf(byCallers), /may last 12 hours; its reference says 1 hour\. Credentials/);
    assert.deepEqual(longer(trustOf("ecs-tasks.amazonaws.com")).map(rate), ["LOW"]);
  });

  it("says that callers are refused where the duration is shorter", () => {
    const [shorter] = assess(worker({ trust: byAccount, maxSession: seen(3_600) }), {
      trust: byAccount,
      maxSession: 5_400,
    });
    assert.match(
      detailOf(shorter),
      /1 hour; its reference says 90 minutes\. A caller that asks for a longer/,
    );
  });

  it("does not rise while work depends on the role, as services begin its sessions", () => {
    const [drift] = longer(byAccount);
    assert.ok(drift);
    const context = { role: { account, name: "Worker" }, uses: [aDefinitionUse()] };
    assert.equal(rateSeverity(drift, context), "MEDIUM");
  });
});

describe("the severity of another tag", () => {
  const read = (over: Partial<Role>, inReference: Partial<ReferenceInput> = {}) => {
    const { policies, ...rest } = { policies: over.inline ?? [], ...inReference };
    const found = assess(worker({ ...over, tags: seen({ team: "red" }) }), {
      tags: { Team: "blue" },
      ...(policies.length > 0 && {
        floor: { document: policies[0]?.text ?? "", source },
      }),
      ...rest,
    });
    assert.deepEqual(found.map(label), ["tag:Team altered"]);
    return found.map(rate);
  };
  const policy = (statement: object, Version = "2012-10-17") => [
    {
      name: "p",
      text: JSON.stringify({
        Version,
        Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*", ...statement }],
      }),
    },
  ];

  it("is low where no policy of the role reads it", () => {
    assert.deepEqual(read({}), ["LOW"]);
    assert.deepEqual(
      read({ inline: policy({ Condition: { StringEquals: { "aws:PrincipalTag/teams": "a" } } }) }),
      ["LOW"],
    );
    const old = policy({ Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team}/*" }, "2008-10-17");
    assert.deepEqual(read({ inline: old }), ["LOW"], "this version has no variables");
  });

  it("is medium where a condition or a variable of its policies reads it", () => {
    for (const statement of [
      { Condition: { StringEquals: { "aws:PrincipalTag/TEAM": "blue" } } },
      { Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team}/*" },
      { Condition: { StringEquals: { "s3:prefix": "${aws:principaltag/team, 'none'}" } } },
    ]) {
      assert.deepEqual(read({ inline: policy(statement) }), ["MEDIUM"], JSON.stringify(statement));
    }
  });

  it("is medium where its trust policy reads it as the tag of the resource", () => {
    const trust = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: account },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "aws:ResourceTag/team": "blue" } },
        },
      ],
    });
    assert.deepEqual(read({ trust }, { trust }), ["MEDIUM"]);
  });
});

describe("another boundary than the required one", () => {
  const limits = `arn:aws:iam::${account}:policy/limits`;
  const bound = (text: string, name = "other") =>
    seen({ arn: `arn:aws:iam::${account}:policy/${name}`, version: seen({ id: "v1", text }) });
  const rated = (inline: string, boundary: Role["boundary"], document: string | undefined) => {
    const found = assess(worker({ inline: [{ name: "p", text: inline }], boundary }), {
      boundary: { arn: limits, ...(document !== undefined && { document }) },
      allowed: { document: inline, source },
    });
    assert.deepEqual(found.map(label), ["boundary altered"]);
    return found.map(rate);
  };
  const s3 = allow("s3:*");

  it("is rated by what the role may do without it", () => {
    assert.deepEqual(rated(allow("*"), seen(null), s3), ["CRITICAL"]);
    assert.deepEqual(rated(allow("sqs:SendMessage"), seen(null), s3), ["HIGH"]);
    assert.deepEqual(rated(allow("sqs:ListQueues"), seen(null), s3), ["MEDIUM"]);
    assert.deepEqual(rated(allow("sqs:SendMessage"), bound(allow("*")), s3), ["HIGH"]);
  });

  it("is information where the role may do the same under both", () => {
    assert.deepEqual(rated(allow("s3:GetObject"), seen(null), s3), ["INFORMATIONAL"]);
    assert.deepEqual(rated(allow("s3:GetObject"), bound(allow("s3:Get*")), s3), ["INFORMATIONAL"]);
  });

  it("is medium where it blocks more, where it is unread, and where the reference leaves the document open", () => {
    assert.deepEqual(rated(allow("s3:PutObject"), bound(allow("s3:Get*")), s3), ["MEDIUM"]);
    const unread = seen({ arn: `arn:aws:iam::${account}:policy/other`, version: unseen("denied") });
    assert.deepEqual(rated(allow("s3:PutObject"), unread, s3), ["MEDIUM"]);
    assert.deepEqual(rated(allow("s3:PutObject"), seen(null), undefined), ["MEDIUM"]);
  });

  it("names the grants that the required boundary blocks", () => {
    const inline = [{ name: "p", text: allow(["sqs:SendMessage", "s3:GetObject"]) }];
    const [found] = assess(worker({ inline }), {
      boundary: { arn: limits, document: s3 },
      allowed: { document: inline[0]?.text ?? "", source },
    });
    assert.ok(found?.kind === "drift");
    assert.deepEqual(
      found.grants.map(({ actions }) => actions),
      [["sqs:SendMessage"]],
    );
    assert.match(
      detailOf(found),
      /has no permissions boundary; .* allow more without the required boundary\./,
    );
  });
});

describe("a reference", () => {
  const refused = (over: object, message: RegExp) =>
    assert.throws(
      () => defineReference({ ...aReference({}), ...over }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );

  it("takes no value that IAM refuses", () => {
    refused({ maxSession: 3_599 }, /maxSession/);
    refused({ maxSession: 43_201 }, /maxSession/);
    refused({ description: "x".repeat(1_001) }, /description/);
    refused({ description: "a – b" }, /Latin-1/);
    refused({ tags: { "aws:x": "y" } }, /tags/);
    refused({ tags: { a: "1", A: "2" } }, /without case/);
    refused({ tags: Object.fromEntries([...Array(51).keys()].map((n) => [`k${n}`, ""])) }, /at most 50/);
  });
});

describe("evaluating settings", () => {
  it("finds drift exactly where a value differs", () => {
    const key = fc.constantFrom("a", "b", "c", "d");
    const tags = fc.dictionary(key, fc.constantFrom("1", "2"), { maxKeys: 4 });
    const settings = fc.record({
      description: fc.constantFrom("", "x"),
      maxSession: fc.constantFrom(3_600, 7_200),
      tags,
    });
    fc.assert(
      fc.property(settings, settings, fc.boolean(), (live, wanted, isClosed) => {
        const role = worker({
          description: seen(live.description),
          maxSession: seen(live.maxSession),
          tags: seen(live.tags),
        });
        const expected = [
          ...(live.description === wanted.description ? [] : ["description altered"]),
          ...(live.maxSession === wanted.maxSession ? [] : ["session altered"]),
          ...["a", "b", "c", "d"].flatMap((one) =>
            live.tags[one] === wanted.tags[one] || (!isClosed && wanted.tags[one] === undefined)
              ? []
              : [`tag:${one} altered`],
          ),
        ];
        const found = labelled(role, { ...wanted, ...(isClosed && { strictness: closed }) });
        assert.deepEqual(found.toSorted(), expected.toSorted());
      }),
    );
  });
});
