import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";
import fc from "fast-check";
import { allow, deny, policy } from "./builders.ts";
import { drawMutation } from "./drawn-mutations.ts";
import { drawPolicy, type PolicyKind } from "./grammar.ts";

const secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf";
const key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const nothing = policy();

const shapes = (grants: readonly Grant[]) => grants.map(({ actions, resources }) => [actions, resources]);

describe("a pair of action and resource that no service accepts", () => {
  it("is latent, with the date of the data, and neither excess nor missing", () => {
    const decrypt = policy(allow("kms:Decrypt", secret));
    const { relation, excess, latent } = comparePolicies(decrypt, nothing);
    assert.equal(relation, "wider");
    assert.deepEqual(excess, []);
    assert.deepEqual(shapes(latent), [[["kms:Decrypt"], [secret]]]);
    assert.match(
      latent[0]?.reason ?? "",
      /No AWS service accepts these actions on these resources.*20\d\d-\d\d-\d\d/,
    );
    const lost = comparePolicies(nothing, decrypt);
    assert.deepEqual([lost.relation, lost.missing], ["narrower", []]);
    assert.deepEqual([lost.latent[0]?.side, lost.latent[0]?.cause], ["reference", "no-pair"]);
  });

  it("leaves the possible part of its statement", () => {
    const both = policy(allow(["secretsmanager:GetSecretValue", "kms:Decrypt"], [secret, key]));
    assert.deepEqual(shapes(comparePolicies(both, nothing).excess), [
      [["kms:Decrypt"], [key]],
      [["secretsmanager:GetSecretValue"], [secret]],
    ]);
  });

  it("is latent in every partition, and for a wildcard in the action's name or elsewhere in the ARN", () => {
    for (const [action, resource] of [
      ["kms:*", secret],
      ["KMS:Dec?ypt", "arn:aws-cn:secretsmanager:*:*:secret:*"],
      ["kms:Decrypt", "arn:*:secretsmanager:us-gov-west-1:*"],
      ["s3:*", "arn:aws:kms"],
    ] as const) {
      const { excess, latent } = comparePolicies(policy(allow(action, resource)), nothing);
      assert.deepEqual([excess.length, latent.length], [0, 1], `${action} on ${resource}`);
    }
  });

  it("is latent if it remains of a wildcard that the other side denies", () => {
    const { missing, latent } = comparePolicies(
      policy(allow("*", secret), deny("kms:*", "*")),
      policy(allow("*", secret)),
    );
    assert.deepEqual(missing, []);
    assert.deepEqual(shapes(latent.filter(({ effect }) => effect === "Allow")), [[["kms:*"], [secret]]]);
  });

  it("is latent as a Deny, which takes nothing away", () => {
    const reference = policy(allow("kms:*", "*"));
    const { relation, missing, deniesAdded, latent } = comparePolicies(
      policy(allow("kms:*", "*"), deny("kms:Decrypt", secret)),
      reference,
    );
    assert.deepEqual([relation, missing, deniesAdded], ["equal", [], []]);
    assert.deepEqual([latent.length, latent[0]?.effect], [1, "Deny"]);
  });
});

describe("a pair stays a difference", () => {
  it("if the resource or its service is a wildcard or unknown, or the action's service is", () => {
    for (const [action, resource] of [
      ["kms:Decrypt", "*"],
      ["kms:Decrypt", "arn:aws:*:us-east-1:123456789012:key/x"],
      ["kms:Decrypt", "arn:aws:secrets*:us-east-1:123456789012:secret:x"],
      ["kms:Decrypt", "arn:aws:newest:us-east-1:123456789012:x"],
      ["kms:Decrypt", `arn:aws:\${aws:PrincipalTag/service}:us-east-1:123456789012:x`],
      ["*", secret],
      ["k?s:Decrypt", secret],
      ["newest:Get", secret],
      ["kms*:Decrypt", secret],
    ] as const) {
      const { excess, latent } = comparePolicies(policy(allow(action, resource)), nothing);
      assert.deepEqual([excess.length, latent.length], [1, 0], `${action} on ${resource}`);
    }
  });

  it("if the actions are for resources of several or of any service", () => {
    for (const [action, resource] of [
      ["ssm:SendCommand", "arn:aws:s3:::bucket"],
      ["ssm:StartSession", "arn:aws:ec2:us-east-1:123456789012:instance/*"],
      ["sts:AssumeRole", "arn:aws:iam::123456789012:role/x"],
      ["tag:GetResources", secret],
      ["resource-groups:GroupResources", secret],
      ["backup:StartRestoreJob", "arn:aws:ec2:us-east-1::snapshot/*"],
      [
        "elasticloadbalancing:SetWebAcl",
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/*",
      ],
      ["wafv2:AssociateWebACL", "arn:aws:apigateway:us-east-1::/restapis/*"],
      ["cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:x"],
      ["execute-api:Invoke", "arn:aws:execute-api:us-east-1:123456789012:x/*"],
      ["states:StartExecution", "arn:aws:states:us-east-1:123456789012:stateMachine:x"],
      ["rds-data:ExecuteStatement", "arn:aws:rds:us-east-1:123456789012:cluster:x"],
    ] as const) {
      assert.equal(comparePolicies(policy(allow(action, resource)), nothing).excess.length, 1, action);
    }
  });

  it("if NotAction or NotResource selects it", () => {
    const statements = [
      { Effect: "Allow", NotAction: "iam:*", Resource: secret },
      { Effect: "Allow", Action: "kms:Decrypt", NotResource: key },
    ];
    for (const statement of statements) {
      const text = JSON.stringify({ Version: "2012-10-17", Statement: statement });
      assert.equal(comparePolicies(text, nothing).excess.length, 1);
    }
  });
});

describe("an impossible statement", () => {
  const kind: PolicyKind = { trust: false, variables: false };
  const pair = fc
    .tuple(drawPolicy(kind), fc.array(drawMutation(kind), { minLength: 0, maxLength: 2 }))
    .map(([drawn, changes]) => ({
      candidate: JSON.stringify(changes.reduce((current, change) => change(current), drawn)),
      reference: JSON.stringify(drawn),
    }));
  const impossible = fc
    .record({
      actions: fc.subarray(["iam:PassRole", "ec2:Run*", "ec2:*", "kms:Decrypt"], { minLength: 1 }),
      resources: fc.subarray(["arn:aws:s3:::a", "arn:aws:s3:::*", "arn:*:s3:::a/*", secret], {
        minLength: 1,
      }),
      effect: fc.constantFrom(allow, deny),
    })
    .map(({ actions, resources, effect }) => policy(effect(actions, resources)));

  it("changes neither excess nor missing, whichever side holds it", () => {
    fc.assert(
      fc.property(pair, impossible, ({ candidate, reference }, statement) => {
        const before = comparePolicies(candidate, reference);
        for (const after of [
          comparePolicies([candidate, statement], reference),
          comparePolicies(candidate, [reference, statement]),
          comparePolicies([candidate, statement], [reference, statement]),
        ]) {
          assert.deepEqual(
            [after.excess, after.missing, after.deniesAdded, after.deniesRemoved, after.undecided],
            [before.excess, before.missing, before.deniesAdded, before.deniesRemoved, before.undecided],
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});
