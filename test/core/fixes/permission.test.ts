import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { permissionsFor } from "@drift-guard/core/fixes/permission";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import { account, batchServicePolicy, trustOf } from "../../builders.ts";

const at = { account, partition: "aws", path: "/service-role/" };
const role = "AWSBatchServiceRole";
const arn = `arn:aws:iam::${account}:role/service-role/${role}`;
const document = trustOf("batch.amazonaws.com");

describe("the statements that allow a step", () => {
  it("limit the attachment to the role and the policy", () => {
    const part = managedPart(batchServicePolicy);
    assert.deepEqual(
      permissionsFor({ call: "iam:AttachRolePolicy", role, part, policyArn: batchServicePolicy }, at),
      [
        {
          Effect: "Allow",
          Action: ["iam:AttachRolePolicy"],
          Resource: arn,
          Condition: { ArnEquals: { "iam:PolicyARN": batchServicePolicy } },
        },
      ],
    );
  });

  it("limit the creation to the role's name and path, under its boundary", () => {
    const boundary = `arn:aws:iam::${account}:policy/Bound`;
    const step = { call: "iam:CreateRole", role, path: "/", document } as const;
    const allowed = {
      Effect: "Allow",
      Action: ["iam:CreateRole"],
      Resource: `arn:aws:iam::${account}:role/${role}`,
    };
    assert.deepEqual(permissionsFor(step, at), [allowed]);
    const Condition = { StringEquals: { "iam:PermissionsBoundary": boundary } };
    assert.deepEqual(permissionsFor({ ...step, boundary }, at), [{ ...allowed, Condition }]);
    // IAM asks for both calls where tags are set, and the second knows no boundary.
    const tagging = { ...allowed, Action: ["iam:TagRole"] };
    assert.deepEqual(permissionsFor({ ...step, boundary, tags: { a: "b" } }, at), [
      { ...allowed, Condition },
      tagging,
    ]);
  });

  it("include the passing of a role that is added to an instance profile", () => {
    assert.deepEqual(
      permissionsFor({ call: "iam:AddRoleToInstanceProfile", role, profile: "P" }, at).map(
        ({ Action, Resource }) => [Action.at(-1), Resource],
      ),
      [
        ["iam:AddRoleToInstanceProfile", `arn:aws:iam::${account}:instance-profile/P`],
        ["iam:PassRole", arn],
      ],
    );
  });

  it("name the role alone where IAM has no condition for the call", () => {
    assert.deepEqual(
      permissionsFor({ call: "iam:UpdateAssumeRolePolicy", role, part: partOf("trust"), document }, at),
      [{ Effect: "Allow", Action: ["iam:UpdateAssumeRolePolicy"], Resource: arn }],
    );
  });
});
