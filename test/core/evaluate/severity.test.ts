import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GuardedRole } from "@drift-guard/core/config/config";
import { escalationPaths } from "@drift-guard/core/evaluate/escalation-paths";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Drift } from "@drift-guard/core/model/evidence";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { Severity } from "@drift-guard/core/model/severity";
import fc from "fast-check";
import {
  account,
  aDefinitionUse,
  aDrift,
  aGrant,
  aKey,
  allow,
  anAttempt,
  anEnvironmentUse,
  aVendorChange,
  batchServicePolicy,
  everyEvidence,
} from "../../builders.ts";
import { asReferenced, referenceOf } from "../watched-roles.ts";

const context = { role: aKey() };
const rate = (drift: Drift) => rateSeverity(drift, context);
const serviceRole = "AWSBatchServiceRole";

/** Evaluates a role that differs from its reference in some parts, and returns its drifts. */
function driftsOf(over: Partial<Role>, name = "ecsTaskExecutionRole"): readonly Drift[] {
  const role = asReferenced(name, over);
  const guarded = GuardedRole.parse({});
  return evaluate({ reference: referenceOf(name), guarded, reading: { status: "present", role } }).filter(
    (one) => one.kind === "drift",
  );
}

const inline = (...texts: readonly string[]) => ({
  inline: texts.map((text, index) => ({ name: `p${index}`, text })),
});
const severities = (over: Partial<Role>) => driftsOf(over).map(rate);
const document = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const bounded = (text: string) => ({
  boundary: seen({ arn: `arn:aws:iam::${account}:policy/Bound`, version: seen({ id: "v1", text }) }),
});

describe("a severity", () => {
  it("is the owner's choice for a side of drift or a kind of evidence, else the guard's own", () => {
    const config = { severities: { missing: "LOW", "vendor-change": "MEDIUM" } } as const;
    assert.equal(rateSeverity(aDrift(), context), "HIGH");
    assert.equal(rateSeverity(aDrift(), { ...context, config, uses: [aDefinitionUse()] }), "LOW");
    assert.equal(rateSeverity(aVendorChange(), { ...context, config }), "MEDIUM");
    assert.equal(rateSeverity(anAttempt(), { ...context, config }), "MEDIUM");
    const excess = aDrift({ side: "excess", grants: [aGrant({ actions: ["s3:PutObject"] })] });
    assert.equal(rateSeverity(excess, { ...context, config }), "HIGH");
  });

  it("of a loss is one step worse if work depends on the role, and that of other evidence is not", () => {
    const idle = anEnvironmentUse({ state: "DISABLED" });
    assert.deepEqual(
      [[aDefinitionUse()], [anEnvironmentUse()], [idle], [], undefined].map((uses) =>
        rateSeverity(aDrift(), { ...context, uses }),
      ),
      ["CRITICAL", "CRITICAL", "HIGH", "HIGH", "HIGH"],
    );
    const others = everyEvidence().filter((one) => one.kind !== "drift" || one.side === "excess");
    for (const evidence of [...others, aDrift({ side: "excess" }), aDrift({ harmless: true })]) {
      assert.equal(
        rateSeverity(evidence, { ...context, uses: [aDefinitionUse()] }),
        rateSeverity(evidence, context),
      );
    }
  });

  it("of a version by AWS without what the role needs is that of a loss, and of any other version information", () => {
    const lost = aVendorChange({ removed: [aGrant()], lost: true });
    const inUse = { ...context, uses: [aDefinitionUse()] };
    assert.deepEqual(
      [rateSeverity(lost, context), rateSeverity(lost, inUse), rateSeverity(aVendorChange(), inUse)],
      ["HIGH", "CRITICAL", "INFORMATIONAL"],
    );
    const config = { severities: { missing: "LOW", "vendor-change": "MEDIUM" } } as const;
    assert.equal(rateSeverity(lost, { ...inUse, config }), "LOW");
  });

  it("of a retired policy that allows nothing more is medium", () => {
    assert.equal(rate(aDrift({ side: "excess", grants: [] })), "MEDIUM");
  });
});

describe("the severity of excess permissions", () => {
  for (const action of [
    "*",
    "*:*",
    "?am:Put*Policy",
    "iam:*",
    "iam:P*",
    "iam:?ttachRolePolicy",
    "IAM:A??achRolePolicy",
    "iam:*Policy",
    "i*:Cr*te*",
    "sts:Assume*",
    "lambda:Up*Code",
    "organizations:LeaveOrganization",
  ]) {
    it(`is critical for ${action}: it is a known path of privilege escalation`, () =>
      assert.deepEqual(severities(inline(allow(action))), ["CRITICAL"]));
  }

  for (const { actions, source } of escalationPaths) {
    it(`is critical for ${actions.join(" with ")} (${source})`, () => {
      const [drift, ...others] = driftsOf(inline(allow(actions)));
      assert.ok(drift);
      assert.equal(others.length, 0);
      assert.equal(rate(drift), "CRITICAL");
      assert.match(drift.detail ?? "", /It completes .*known paths? of privilege escalation: /);
    });
  }

  for (const [action, severity] of [
    ["iam:Get*", "MEDIUM"],
    ["iam:ListRoles", "MEDIUM"],
    ["organizations:DescribeAccount", "MEDIUM"],
    ["glue:CreatePartition", "HIGH"],
    ["glue:UpdateTable", "HIGH"],
    ["cloudformation:CreateUploadBucket", "HIGH"],
    ["codebuild:CreateReportGroup", "HIGH"],
    ["lambda:CreateAlias", "HIGH"],
    ["iam:CreateServiceLinkedRole", "HIGH"],
    ["iam:UpdateSAMLProvider", "HIGH"],
    ["batch:SubmitJob", "HIGH"],
    ["s3:PutObject", "HIGH"],
    ["s3:?utObject", "HIGH"],
    ["ec2:DeleteVpc", "HIGH"],
    ["iamx:PutRolePolicy", "HIGH"],
    ["s3:GetObject", "HIGH"],
    ["secretsmanager:GetSecretValue", "HIGH"],
    ["ssm:GetParameter*", "HIGH"],
  ] as const) {
    it(`is ${severity.toLowerCase()} for ${action}, which opens no path`, () =>
      assert.deepEqual(severities(inline(allow(action))), [severity]));
  }

  it("is critical for a pattern that matches an action of a path", () => {
    const actions = [
      "iam:CreateAccessKey",
      "iam:PutRolePolicy",
      "sts:AssumeRole",
      "lambda:UpdateFunctionCode",
    ];
    const anyPattern = fc.constantFrom(...actions).chain((action) =>
      fc
        .array(fc.constantFrom("keep", "?", "*", "drop"), {
          minLength: action.length,
          maxLength: action.length,
        })
        .map((marks) =>
          // A dropped character must be matched by a star before it.
          [...action]
            .map((character, at) => {
              const mark = marks[at];
              if (mark === "drop") return at > 0 && marks[at - 1] === "*" ? "" : character;
              return mark === "keep" ? character : mark;
            })
            .join(""),
        ),
    );
    fc.assert(
      fc.property(anyPattern, (pattern) => {
        assert.deepEqual(severities(inline(allow(pattern))), ["CRITICAL"]);
      }),
      { numRuns: 50 },
    );
  });

  // github.com/BishopFox/iam-vulnerable, modules/free-resources/tool-testing.
  it("sees a path of two policies (iam-vulnerable, fn1)", () => {
    const create = allow(["glue:CreateDevEndpoint", "glue:GetDevEndpoint"]);
    assert.deepEqual(severities(inline(create, allow("iam:PassRole"))), ["CRITICAL", "CRITICAL"]);
    assert.deepEqual(severities(inline(create)), ["HIGH"]);
    assert.deepEqual(severities(inline(allow("iam:PassRole"))), ["HIGH"]);
  });

  it("sees a path on some resources, and none on policies that only AWS can change (fn2, fp4)", () => {
    const on = (resource: string) => severities(inline(allow("iam:CreatePolicyVersion", resource)));
    assert.deepEqual(on("arn:aws:iam::*:policy/fn2-*"), ["CRITICAL"]);
    assert.deepEqual(on("arn:aws:iam::aws:policy/fp4-*"), ["HIGH"]);
  });

  it("sees a path behind NotAction (fn4)", () => {
    const text = document({
      Effect: "Allow",
      NotAction: ["iam:Update*", "iam:Create*", "iam:Attach*"],
      Resource: "*",
    });
    assert.deepEqual(severities(inline(text)), ["CRITICAL"]);
  });

  it("sees no path that a Deny of the role closes, in the same policy or another (fp1, fp2)", () => {
    const deny = { Effect: "Deny", Action: "iam:*", Resource: "*" };
    const same = document({ Effect: "Allow", Action: "iam:*", Resource: "*" }, deny);
    const rated = (over: Partial<Role>) =>
      driftsOf(over)
        .filter(({ side }) => side === "excess")
        .map(rate);
    assert.deepEqual(rated(inline(same)), []);
    assert.deepEqual(rated(inline(allow("iam:*"), document(deny))), ["HIGH"]);
  });

  it("sees no path for a role that can be passed to other services only", () => {
    const pass = (service: string) =>
      document(
        { Effect: "Allow", Action: ["lambda:CreateFunction", "lambda:InvokeFunction"], Resource: "*" },
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: "*",
          Condition: { StringEquals: { "iam:PassedToService": service } },
        },
      );
    assert.deepEqual(severities(inline(pass("lambda.amazonaws.com"))), ["CRITICAL"]);
    assert.deepEqual(severities(inline(pass("states.amazonaws.com"))), ["HIGH"]);
  });

  it("is that of a path only if the role does not have the path by its reference", () => {
    const rated = (text: string) => driftsOf(inline(text), serviceRole).map(rate);
    // AWS's own policy passes roles to EC2 and ECS, and runs instances and tasks.
    assert.deepEqual(rated(allow("ec2:RunInstances")), []);
    assert.deepEqual(rated(allow(["lambda:CreateFunction", "lambda:InvokeFunction"])), ["HIGH"]);
    assert.deepEqual(rated(allow("ec2:RequestSpotInstances")), ["CRITICAL"]);
  });

  it("sees no path for a role that a negated condition or China's principal keeps from the service", () => {
    const run = { Effect: "Allow", Action: "ec2:RunInstances", Resource: "*" };
    const pass = (operator: string, service: string, over: Partial<Role> = {}) => {
      const Condition = { [operator]: { "iam:PassedToService": service } };
      const text = document(run, { Effect: "Allow", Action: "iam:PassRole", Resource: "*", Condition });
      return driftsOf({ ...inline(text), ...over })
        .filter(({ part }) => part.kind === "inline")
        .map(rate);
    };
    assert.deepEqual(pass("StringNotEquals", "ec2.amazonaws.com"), ["HIGH"]);
    assert.deepEqual(pass("StringNotLike", "ec2.*"), ["HIGH"]);
    assert.deepEqual(pass("StringNotEquals", "lambda.amazonaws.com"), ["CRITICAL"]);
    assert.deepEqual(pass("StringEquals", "ec2.amazonaws.com.cn"), ["HIGH"]);
    assert.deepEqual(pass("StringEquals", "ec2.amazonaws.com.cn", { partition: "aws-cn" }), ["CRITICAL"]);
  });

  it("sees no path where only policies without any path can be attached", () => {
    const attach = (Condition: object, action: string | readonly string[] = "iam:AttachRolePolicy") =>
      severities(inline(document({ Effect: "Allow", Action: action, Resource: "*", Condition })));
    const core = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    // The statement of AWS ParallelCluster's user policies, with some of its ARNs ("AWS Identity and Access Management
    // permissions in AWS ParallelCluster").
    const cluster = [
      core,
      "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
      "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
      "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    ];
    const both = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"];
    assert.deepEqual(attach({ ArnLike: { "iam:PolicyARN": cluster } }, both), ["HIGH"]);
    assert.deepEqual(attach({ ArnEquals: { "iam:PolicyARN": core } }, "iam:AttachUserPolicy"), ["HIGH"]);
    assert.deepEqual(attach({ StringEquals: { "iam:PolicyArn": core } }, "iam:AttachGroupPolicy"), ["HIGH"]);
    const gov = core.replace("arn:aws:", "arn:aws-us-gov:");
    assert.deepEqual(attach({ StringLike: { "iam:PolicyARN": gov } }), ["HIGH"]);
    for (const other of [
      // The same statement: the cluster's own policies, which may allow anything, and one that passes roles to AWS Batch.
      `arn:aws:iam::${account}:policy/parallelcluster*`,
      "arn:aws:iam::aws:policy/AWSBatchFullAccess",
      // AWS's policy of the service role passes roles to EC2.
      "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole",
      "arn:aws:iam::aws:policy/AdministratorAccess",
      "arn:aws:iam::aws:policy/*",
      // "IAM: Limits managed policies that can be applied to an IAM user, group, or role" (IAM User Guide).
      "arn:aws:iam::*:policy/policy-name-1",
      "arn:aws:iam::*:policy/AmazonSSMManagedInstanceCore",
      `arn:aws:iam::${account}:policy/AmazonSSMManagedInstanceCore`,
    ]) {
      assert.deepEqual(attach({ ArnLike: { "iam:PolicyARN": [core, other] } }), ["CRITICAL"], other);
    }
    assert.deepEqual(attach({ ArnNotEquals: { "iam:PolicyARN": core } }), ["CRITICAL"]);
    assert.deepEqual(attach({ ArnEquals: { "iam:PermissionsBoundary": core } }), ["CRITICAL"]);
    assert.deepEqual(attach({ ArnEquals: { "iam:PolicyARN": core } }, "iam:PutRolePolicy"), ["CRITICAL"]);
  });

  // "AWS: Allows access based on date and time" (IAM User Guide).
  it("is low once the time in its conditions has passed", () => {
    const until = (Condition: object) =>
      inline(document({ Effect: "Allow", Action: "iam:*", Resource: "*", Condition }));
    const at = (Condition: object, now?: string) => {
      const role = asReferenced("ecsTaskExecutionRole", until(Condition));
      const found = evaluate({
        reference: referenceOf("ecsTaskExecutionRole"),
        guarded: GuardedRole.parse({}),
        reading: { status: "present", role },
        now: now === undefined ? undefined : new Date(now),
      });
      return found.map((one) => rateSeverity(one, context));
    };
    const june = { DateLessThan: { "aws:CurrentTime": "2026-06-30T23:59:59Z" } };
    assert.deepEqual(at(june, "2026-06-01T00:00:00Z"), ["CRITICAL"]);
    assert.deepEqual(at(june, "2026-07-01T00:00:00Z"), ["LOW"]);
    assert.deepEqual(at(june), ["CRITICAL"]);
    const now = "2026-07-01T00:00:00Z";
    assert.deepEqual(at({ NumericLessThan: { "aws:EpochTime": "1700000000" } }, now), ["LOW"]);
    assert.deepEqual(at({ DateGreaterThan: { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }, now), [
      "CRITICAL",
    ]);
    assert.deepEqual(at({ DateLessThan: { "aws:TokenIssueTime": "2020-01-01T00:00:00Z" } }, now), [
      "CRITICAL",
    ]);
  });

  it("is medium while the boundary lets nothing of them through", () => {
    const tight = bounded(allow("s3:*"));
    const excess = driftsOf({ ...inline(allow("*")), ...bounded(allow("ec2:Describe*")) }).filter(
      ({ side }) => side === "excess",
    );
    assert.deepEqual(excess.map(rate), ["HIGH"], "the boundary lets a part through");
    const held = driftsOf({ ...inline(allow("iam:*")), ...tight }).filter(({ side }) => side === "excess");
    assert.deepEqual(held.map(rate), ["MEDIUM"]);
  });
});

describe("the severity of a policy that is not attached", () => {
  const detached = (over: Partial<Role> = {}) => {
    const [drift] = driftsOf({ attached: [], ...over }, serviceRole);
    assert.ok(drift);
    return drift;
  };
  const text = referenceOf(serviceRole).attachments[0]?.document ?? "";

  it("is high, and critical where work depends on the role", () => {
    const drift = detached();
    assert.equal(rate(drift), "HIGH");
    assert.equal(rateSeverity(drift, { ...context, uses: [anEnvironmentUse()] }), "CRITICAL");
  });

  it("is medium where other policies of the role allow the same, whoever uses the role", () => {
    const copied = detached({ inline: [{ name: "copy", text }] });
    assert.equal(String(copied.part), `managed:${batchServicePolicy}`);
    assert.match(copied.detail ?? "", /Other policies of the role allow the same\./);
    assert.equal(rateSeverity(copied, { ...context, uses: [anEnvironmentUse()] }), "MEDIUM");
    const admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    const other = detached({ attached: [{ arn: admin, version: seen({ id: "v1", text: allow("*") }) }] });
    assert.equal(rate(other), "MEDIUM");
  });

  it("is high where they allow a part, or a Deny takes it again", () => {
    assert.equal(rate(detached(inline(allow("ec2:*")))), "HIGH");
    const denied = document({ Effect: "Deny", Action: "ecs:*", Resource: "*" });
    assert.equal(rate(detached(inline(text, denied))), "HIGH");
  });
});

// "AWS JSON policy elements: Principal" (IAM User Guide): a deleted role or user is shown by its unique id, AROA… or AIDA….
describe("the severity of an additional principal", () => {
  const trusting = (principal: string) =>
    rate(
      aDrift({
        part: "trust",
        side: "excess",
        grants: [aGrant({ actions: ["sts:AssumeRole"], principals: [{ type: "AWS", id: principal }] })],
      }),
    );

  it("is that of the own account where a condition lets in that account alone", () => {
    const anybody = (Condition: object, Action = "sts:AssumeRole") => {
      const service = { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" } };
      return severities({
        trust: document(
          { ...service, Action: "sts:AssumeRole" },
          { Effect: "Allow", Principal: { AWS: "*" }, Action, Condition },
        ),
      });
    };
    const own = `arn:aws:iam::${account}:role/ops-*`;
    assert.deepEqual(anybody({ StringEquals: { "aws:PrincipalAccount": account } }), ["HIGH"]);
    assert.deepEqual(anybody({ ArnLike: { "aws:PrincipalArn": own } }), ["HIGH"]);
    assert.deepEqual(anybody({ StringNotEquals: { "aws:PrincipalAccount": account } }), ["CRITICAL"]);
    const two = [account, "999999999999"];
    assert.deepEqual(anybody({ StringEquals: { "aws:PrincipalAccount": two } }), ["CRITICAL"]);
    assert.deepEqual(anybody({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/ops" } }), ["CRITICAL"]);
  });

  it("is medium if it may only tag sessions, and assume nothing", () =>
    assert.deepEqual(
      severities({
        trust: document({
          Effect: "Allow",
          Principal: { Service: "ecs-tasks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
        }),
      }),
      ["MEDIUM"],
    ));

  it("is low for a deleted role or user beside the service, and critical with another account beside it", () => {
    const trustedBy = (...ids: readonly string[]) =>
      severities({
        trust: document({
          Effect: "Allow",
          Principal: { Service: "ecs-tasks.amazonaws.com", AWS: ids },
          Action: "sts:AssumeRole",
        }),
      });
    assert.deepEqual(trustedBy("AROAEXAMPLEEXAMPLEID1"), ["LOW"]);
    assert.deepEqual(trustedBy("AIDAEXAMPLEEXAMPLEID1", "AROAEXAMPLEEXAMPLEID2"), ["LOW"]);
    assert.deepEqual(trustedBy("AROAEXAMPLEEXAMPLEID1", "arn:aws:iam::999999999999:root"), ["CRITICAL"]);
  });

  for (const [principal, severity] of [
    ["*", "CRITICAL"],
    ["arn:aws:iam::999999999999:root", "CRITICAL"],
    [`arn:aws:iam::${account}:role/Other`, "HIGH"],
    ["AROAEXAMPLEEXAMPLEID1", "LOW"],
    ["AIDAEXAMPLEEXAMPLEID1", "LOW"],
  ] as const) {
    it(`is ${severity.toLowerCase()} for ${principal}`, () => assert.equal(trusting(principal), severity));
  }
});

// Documents of AWS: the policies AWSDenyAll and PowerUserAccess (AWS Managed Policy Reference Guide), and the boundary
// XCompanyBoundaries of "Permissions boundaries for IAM entities" (IAM User Guide), without its Denies on one bucket.
const denyAll = document({ Effect: "Deny", Action: "*", Resource: "*" });
const powerUser = document(
  { Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: "*" },
  {
    Effect: "Allow",
    Action: ["account:ListRegions", "iam:CreateServiceLinkedRole", "iam:ListRoles"],
    Resource: "*",
  },
);
const company = document(
  { Effect: "Allow", Action: ["s3:*", "cloudwatch:*", "ec2:*", "dynamodb:*"], Resource: "*" },
  { Effect: "Allow", Action: ["iam:ListUsers", "iam:GetAccountPasswordPolicy"], Resource: "*" },
);

describe("the severity of a permissions boundary", () => {
  const rated = (text: string, name = serviceRole) => {
    const [drift, ...others] = driftsOf(bounded(text), name);
    assert.ok(drift);
    assert.equal(others.length, 0);
    return `${drift.part} ${drift.side} ${rate(drift)}`;
  };

  it("is information where it blocks nothing that the role must have", () => {
    assert.equal(rated(allow("*")), "boundary altered INFORMATIONAL");
    assert.equal(rated(powerUser, "ecsTaskExecutionRole"), "boundary altered INFORMATIONAL");
  });

  it("is high where it blocks everything, or something that AWS Batch needs", () => {
    assert.equal(rated(denyAll), "boundary missing HIGH");
    assert.equal(rated(denyAll, "ecsTaskExecutionRole"), "boundary missing HIGH");
    assert.equal(rated(company), "boundary missing HIGH");
    // PowerUserAccess lacks the service role's iam:PassRole.
    assert.equal(rated(powerUser), "boundary missing HIGH");
    const noInstances = document(
      { Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Deny", Action: "ec2:RunInstances", Resource: "*" },
    );
    assert.equal(rated(noInstances), "boundary missing HIGH");
  });

  it("is critical where work depends on the role", () => {
    const [drift] = driftsOf(bounded(allow("s3:*")), serviceRole);
    assert.ok(drift);
    assert.equal(rateSeverity(drift, { ...context, uses: [anEnvironmentUse()] }), "CRITICAL");
  });

  it("is medium where its document cannot be read", () => {
    const boundary = seen({ arn: `arn:aws:iam::${account}:policy/Bound`, version: unseen("denied") });
    assert.deepEqual(severities({ boundary }), ["MEDIUM"]);
  });
});

describe("the severity of an added Deny", () => {
  const deny = (action: string) => document({ Effect: "Deny", Action: action, Resource: "*" });

  it("is high where it blocks something that the role has or may have", () => {
    assert.deepEqual(severities(inline(deny("*"))), ["HIGH"]);
    assert.deepEqual(severities(inline(deny("logs:PutLogEvents"))), ["HIGH"]);
    const own = severities(inline(allow("s3:GetObject"), deny("s3:*")));
    assert.deepEqual(own, ["HIGH", "HIGH"], "excess, and a Deny of it");
  });

  it("is high where it may block what an unreadable policy allows", () => {
    const attached = asReferenced("ecsTaskExecutionRole").attached;
    const unread = { arn: `arn:aws:iam::${account}:policy/Own`, version: unseen("denied") };
    const found = driftsOf({ attached: [...attached, unread], ...inline(deny("s3:DeleteBucket")) });
    assert.deepEqual(found.map(rate), ["HIGH"]);
  });

  it("is information where it denies nothing that is allowed, whoever uses the role", () => {
    const drifts = driftsOf(inline(deny("s3:DeleteBucket")));
    assert.deepEqual(drifts.map(rate), ["INFORMATIONAL"]);
    for (const drift of drifts)
      assert.equal(rateSeverity(drift, { ...context, uses: [aDefinitionUse()] }), "INFORMATIONAL");
  });
});

describe("severities", () => {
  it("are ordered from the worst to the mildest", () =>
    assert.deepEqual(Severity.options, ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]));
});
