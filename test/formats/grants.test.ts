import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatGrant, formatGrants, formatRequest } from "@drift-guard/formats/grants";
import { aGrant } from "../builders.ts";

describe("a grant as one line", () => {
  it("prints wildcards as they are in the policy", () => {
    assert.equal(formatGrant(aGrant({ actions: ["iam:*"], resources: ["*"] })), "iam:* on *");
  });

  it("marks a grant that is only partly a difference", () => {
    const grant = aGrant({ actions: ["ec2:*"], resources: ["*"], partly: true });
    assert.equal(formatGrant(grant), "ec2:* on *, in part");
  });

  it("names who may assume a role, and under which conditions", () => {
    const grant = aGrant({
      actions: ["sts:AssumeRole"],
      principals: [{ type: "AWS", id: "999988887777" }],
      conditions: [
        { operator: "StringEquals", key: "sts:externalid", values: ["a", "b"] },
        { operator: "Null", key: "aws:multifactorauthpresent", values: ["false"] },
      ],
    });
    const { resources: _, ...trust } = grant;
    assert.equal(
      formatGrant(trust),
      "sts:AssumeRole by AWS 999988887777 when sts:externalid StringEquals a or b and aws:multifactorauthpresent is present",
    );
  });

  it("says everybody for the principal *", () => {
    const { resources: _, ...trust } = aGrant({
      actions: ["sts:AssumeRole"],
      principals: [{ type: "AWS", id: "*" }],
    });
    assert.equal(formatGrant(trust), "sts:AssumeRole by everybody");
  });

  it("has the exceptions of NotAction, NotResource and NotPrincipal", () => {
    const grant = aGrant({
      actions: ["*"],
      exceptActions: ["iam:*", "sts:*"],
      resources: ["*"],
      exceptResources: ["arn:aws:s3:::logs/*"],
      principals: [],
      exceptPrincipals: [{ type: "Service", id: "batch.amazonaws.com" }],
    });
    assert.equal(
      formatGrant(grant),
      "* except iam:* and sts:* on * except arn:aws:s3:::logs/* by everybody except Service batch.amazonaws.com",
    );
  });

  it("has the actions that are excluded", () => {
    const grant = aGrant({ actions: ["iam:*"], exceptActions: ["iam:GetRole"] });
    assert.equal(formatGrant(grant), "iam:* except iam:GetRole on *");
  });

  it("has the conditions under which there is no difference", () => {
    const mfa = { operator: "Bool", key: "aws:multifactorauthpresent", values: ["true"] };
    const tls = { operator: "Bool", key: "aws:securetransport", values: ["true"] };
    const office = { operator: "IpAddress", key: "aws:sourceip", values: ["10.0.0.0/8"] };
    const told = (...exceptConditions: (typeof mfa)[][]) =>
      formatGrant(aGrant({ actions: ["iam:*"], resources: ["*"], exceptConditions }));
    assert.equal(
      told([mfa, tls], [office]),
      "iam:* on * except when aws:multifactorauthpresent Bool true and aws:securetransport Bool true, or when aws:sourceip IpAddress 10.0.0.0/8",
    );
    assert.match(told([mfa], [tls], [office], [mfa]), /^iam:\* on \* except when .*, or in 1 more case$/);
  });

  it("shortens a long list to its first items and a count", () => {
    const actions = Array.from({ length: 61 }, (_, index) => `ec2:Describe${index}`);
    assert.equal(formatGrant(aGrant({ actions })), "ec2:Describe0 and 60 more on *");
  });

  it("lists the first of many grants and counts the others", () => {
    const grants = Array.from({ length: 13 }, (_, index) => aGrant({ actions: [`s3:Get${index}`] }));
    const lines = formatGrants(grants, 10);
    assert.equal(lines.length, 11);
    assert.equal(lines.at(-1), "and 3 more grants");
    assert.deepEqual(formatGrants(grants.slice(0, 2)), ["s3:Get0 on *", "s3:Get1 on *"]);
  });

  it("shows an example request", () => {
    const line = formatRequest(
      {
        action: "iam:PassRole",
        resource: "arn:aws:iam::123456789012:role/x",
        principal: { type: "AWS", id: "999988887777" },
        context: { "iam:passedtoservice": "ec2.amazonaws.com", "aws:tagkeys": ["a", "b"] },
      },
      { conditions: [] },
    );
    assert.equal(
      line,
      "iam:PassRole on arn:aws:iam::123456789012:role/x by AWS 999988887777 with iam:passedtoservice = ec2.amazonaws.com, aws:tagkeys = a and b",
    );
  });

  it("spells the condition keys of an example as the grant does", () => {
    const key = "oidc.eks.cn-north-1.amazonaws.com.cn/id/0123ABCD:sub";
    const conditions = [{ operator: "StringEquals", key, values: ["runner"] }];
    const request = { action: "sts:AssumeRoleWithWebIdentity", context: { [key.toLowerCase()]: "runner" } };
    assert.equal(
      formatRequest(request, { conditions }),
      `sts:AssumeRoleWithWebIdentity with ${key} = runner`,
    );
  });
});
