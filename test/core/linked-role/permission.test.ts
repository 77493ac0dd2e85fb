import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LinkedRole, linkedRoles } from "@drift-guard/core/linked-role/linked-role";
import { permissionFor } from "@drift-guard/core/linked-role/permission";

const [batch, sagemaker] = linkedRoles;

// AWS Batch User Guide, "Using service-linked roles for AWS Batch", of 2022-03-09:
// https://docs.aws.amazon.com/batch/latest/userguide/using-service-linked-roles.html
const resource = "arn:aws:iam::*:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch";
const condition = { StringLike: { "iam:AWSServiceName": "batch.amazonaws.com" } };

describe("permissionFor", () => {
  it("prints the guide's statement for editing the description (R21)", () => {
    assert.deepEqual(permissionFor("edit", expect(batch), { partition: "aws" }), {
      Effect: "Allow",
      Action: ["iam:UpdateRoleDescription"],
      Resource: resource,
      Condition: condition,
    });
  });

  it("prints the guide's statement for the deletion (R24)", () => {
    assert.deepEqual(permissionFor("delete", expect(batch), { partition: "aws" }), {
      Effect: "Allow",
      Action: ["iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus"],
      Resource: resource,
      Condition: condition,
    });
  });

  // IAM User Guide, "Create a service-linked role", service-linked role permissions:
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
  it("prints IAM's statement for the creation, for this role alone (R16)", () => {
    assert.deepEqual(permissionFor("create", expect(batch), { partition: "aws" }), {
      Effect: "Allow",
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: resource,
      Condition: condition,
    });
  });

  it("names the role's partition and service", () => {
    assert.equal(
      permissionFor("create", expect(batch), { partition: "aws-cn" }).Resource,
      resource.replace("arn:aws:", "arn:aws-cn:"),
    );
    const { Resource, Condition } = permissionFor("edit", expect(sagemaker), { partition: "aws-us-gov" });
    assert.match(
      Resource,
      /^arn:aws-us-gov:.*sagemaker-queuing\.batch\.amazonaws\.com\/AWSServiceRoleForAWSBatchWithSagemaker$/,
    );
    assert.equal(Condition.StringLike["iam:AWSServiceName"], "sagemaker-queuing.batch.amazonaws.com");
  });
});

function expect(role: LinkedRole | undefined): LinkedRole {
  assert.ok(role);
  return role;
}
