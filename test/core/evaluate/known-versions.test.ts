import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { captureRole } from "@drift-guard/core/capture/capture";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { rateSeverity } from "@drift-guard/core/evaluate/severity";
import type { Assessment, VendorChange } from "@drift-guard/core/model/evidence";
import { type Role, seen } from "@drift-guard/core/model/role";
import { localiseReference } from "@drift-guard/core/reference/built-in";
import type { Reference } from "@drift-guard/core/reference/reference";
import { aKey, allow, aRole } from "../../builders.ts";
import { guardedAs, referenceOf } from "../watched-roles.ts";

interface Statement {
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: { readonly StringEquals: Record<string, string | string[]> };
}
type Change = (statements: Statement[]) => void;

const assess = (role: Role, reference: Reference): readonly Assessment[] =>
  evaluate({ reference, guarded: guardedAs({ paths: [role.path] }), reading: { status: "present", role } });

/** The role of a built-in reference, whose policy by AWS has another default version. */
function roleWith(name: string, version: string, change: Change = () => {}, over: Partial<Role> = {}): Role {
  const partition = over.partition ?? "aws";
  const { trust, attachments, path = "/", profile } = localiseReference(referenceOf(name), partition);
  return aRole({
    name,
    path,
    arn: `arn:${partition}:iam::123456789012:role${path}${name}`,
    trust,
    attached: attachments.map(({ arn, document }) => {
      const changed = JSON.parse(document);
      change(changed.Statement);
      return { arn, version: seen({ id: version, text: JSON.stringify(changed) }) };
    }),
    profiles: seen(profile === undefined ? [] : [profile]),
    ...over,
  });
}

const grant = (Action: string | string[], Resource: string | string[] = "*") => ({
  Effect: "Allow",
  Action,
  Resource,
});
const without =
  (...actions: readonly string[]): Change =>
  (statements) => {
    for (const [index, statement] of statements.entries()) {
      const left = [statement.Action].flat().filter((action) => !actions.includes(action));
      statements[index] = { ...statement, Action: left };
    }
    statements.splice(0, statements.length, ...statements.filter(({ Action }) => Action.length > 0));
  };
const describeActions: Change = (statements) => {
  statements.push(grant(["autoscaling:DescribeScalingActivities", "ec2:DescribeSpotFleetRequestHistory"]));
};
/** BatchServiceRolePolicy from v4 to v8. */
const linkedV8: Change = (statements) => {
  describeActions(statements);
  for (const { Condition } of statements) {
    const values = Condition?.StringEquals;
    if (values?.["iam:PassedToService"]) {
      values["iam:PassedToService"] = [values["iam:PassedToService"], "ecs.amazonaws.com"].flat();
    }
    if (values?.["iam:AWSServiceName"]) {
      values["iam:AWSServiceName"] = [values["iam:AWSServiceName"], "ecs-compute.amazonaws.com"].flat();
    }
  }
  const provider = "arn:aws:ecs:*:*:capacity-provider/AWSBatch*";
  statements.push(
    grant("ec2:RunInstances", "arn:aws:resource-groups:*:*:group/*"),
    grant("eks:DescribeCluster"),
    grant("ecs:DescribeCapacityProviders"),
    grant(["ecs:PutClusterCapacityProviders", "ecs:UpdateCluster"], "arn:aws:ecs:*:*:cluster/AWSBatch*"),
    grant(
      ["ecs:CreateCapacityProvider", "ecs:UpdateCapacityProvider", "ecs:DeleteCapacityProvider"],
      provider,
    ),
    grant(["ecs:TagResource", "ecs:UntagResource"], provider),
  );
};

function vendorChange(role: Role, reference: Reference = referenceOf(role.name)): VendorChange {
  const [change, ...others] = assess(role, reference);
  assert.deepEqual(others, []);
  assert.ok(change?.kind === "vendor-change");
  return change;
}
const actionsOf = (grants: VendorChange["added"]) => grants.flatMap(({ actions }) => actions).sort();
const severityOf = (change: VendorChange) =>
  rateSeverity(change, { role: aKey({ name: "AWSBatchServiceRole" }) });

const reference = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference";
const known: readonly (readonly [string, string, Change, string])[] = [
  ["AWSBatchServiceRole", "v13", describeActions, `${reference}/AWSBatchServiceRole.html`],
  ["AWSServiceRoleForBatch", "v8", linkedV8, `${reference}/BatchServiceRolePolicy.html`],
  [
    "AWSServiceRoleForBatch",
    "v7",
    (all) => {
      describeActions(all);
      all.push(
        grant("eks:DescribeCluster"),
        grant("ec2:RunInstances", "arn:aws:resource-groups:*:*:group/*"),
      );
    },
    `${reference}/BatchServiceRolePolicy.html`,
  ],
  // AWS raised 369 policies with equal documents in two days: docs/aws-facts.md, "Managed policies".
  ["AWSBatchServiceRole", "v15", describeActions, "https://github.com/zoph-io/MAMIP"],
  ["ecsTaskExecutionRole", "v3", () => {}, "https://github.com/zoph-io/MAMIP"],
];

describe("A version of a policy by AWS (T17)", () => {
  for (const [name, version, change, source] of known) {
    it(`is no news if it is known or allows nothing unknown: ${version} of ${name} (${source})`, () => {
      assert.deepEqual(assess(roleWith(name, version, change), referenceOf(name)), []);
    });
  }

  it("is no news in a partition that counts its versions in another way", () => {
    for (const [version, change] of [
      ["v1", () => {}],
      ["v2", describeActions],
    ] as const) {
      const role = roleWith("AWSBatchServiceRole", version, change, { partition: "aws-cn" });
      assert.deepEqual(assess(role, referenceOf("AWSBatchServiceRole")), [], version);
    }
  });

  it("that is not known is told with what is new since the newest known one", () => {
    const change = vendorChange(
      roleWith("AWSServiceRoleForBatch", "v9", (statements) => {
        linkedV8(statements);
        statements.push(grant("ec2:DescribeCapacityReservations"));
      }),
    );
    assert.deepEqual(
      [change.version, change.since, actionsOf(change.added), change.removed, change.lost],
      ["v9", "v8", ["ec2:DescribeCapacityReservations"], [], undefined],
    );
    assert.equal(severityOf(change), "INFORMATIONAL");
  });

  it("that is older than the reference's is told, with what the role lost", () => {
    const change = vendorChange(
      roleWith("AWSBatchServiceRole", "v11", without("ec2:DescribeInstanceStatus")),
    );
    assert.deepEqual(
      [change.since, actionsOf(change.removed), change.lost],
      ["v12", ["ec2:DescribeInstanceStatus"], true],
    );
  });

  it("that is older and allows the same is told, and nothing is lost", () => {
    const change = vendorChange(roleWith("ecsInstanceRole", "v8"));
    assert.deepEqual([change.since, change.added, change.removed, change.lost], ["v10", [], [], undefined]);
  });

  it("that went back is told by the partition's own count, where the reference has it", () => {
    const china = { partition: "aws-cn" } as const;
    const { reference: own } = captureRole(
      roleWith("AWSBatchServiceRole", "v4", () => {}, china),
      "2026-11-22",
    );
    assert.deepEqual(
      assess(
        roleWith("AWSBatchServiceRole", "v4", () => {}, china),
        own,
      ),
      [],
    );
    assert.equal(
      vendorChange(
        roleWith("AWSBatchServiceRole", "v3", () => {}, china),
        own,
      ).since,
      "v4",
    );
    // The same ids of another partition say nothing.
    assert.deepEqual(assess(roleWith("AWSBatchServiceRole", "v3"), own), []);
  });

  it("without an action that AWS Batch needs is a loss, in every partition", () => {
    for (const partition of ["aws", "aws-cn", "aws-us-gov"]) {
      const role = roleWith("AWSBatchServiceRole", "v14", without("ec2:RunInstances"), { partition });
      const change = vendorChange(role);
      assert.deepEqual([actionsOf(change.removed), change.lost], [["ec2:RunInstances"], true], partition);
      assert.equal(severityOf(change), "HIGH");
    }
  });

  it("without an action that another policy of the role allows is information", () => {
    const inline = [{ name: "more", text: allow("ec2:RunInstances") }];
    const role = roleWith("AWSBatchServiceRole", "v14", without("ec2:RunInstances"), { inline });
    const change = vendorChange(role);
    assert.deepEqual([change.lost, severityOf(change)], [undefined, "INFORMATIONAL"]);
  });

  // The version before the newest one, of each policy; its page and MAMIP show both.
  for (const [name, version, actions, policy] of [
    [
      "ecsInstanceRole",
      "v6",
      ["ecs:ListTagsForResource", "ecs:TagResource"],
      "AmazonEC2ContainerServiceforEC2Role",
    ],
    [
      "AWSServiceRoleForECS",
      "v23",
      ["autoscaling:TerminateInstanceInAutoScalingGroup"],
      "AmazonECSServiceRolePolicy",
    ],
    [
      "AWSServiceRoleForAutoScaling",
      "v9",
      ["ec2:CreateReplaceRootVolumeTask"],
      "AutoScalingServiceRolePolicy",
    ],
    [
      "AWSServiceRoleForAWSBatchWithSagemaker",
      "v1",
      ["sagemaker:DeleteTrainingJob"],
      "AWSBatchServiceRolePolicyForSageMaker",
    ],
    [
      "AWSServiceRoleForEC2SpotFleet",
      "v3",
      ["elasticloadbalancing:RegisterInstancesWithLoadBalancer", "elasticloadbalancing:RegisterTargets"],
      "AWSEC2SpotFleetServiceRolePolicy",
    ],
  ] as const) {
    it(`without what a later version added is information in a partition that may not have it yet: ${version} (${reference}/${policy}.html)`, () => {
      for (const partition of ["aws-us-gov", "aws-cn"]) {
        const told = vendorChange(roleWith(name, "v3", without(...actions), { partition }));
        assert.deepEqual([told.since, actionsOf(told.removed), told.lost], [undefined, actions, undefined]);
        assert.equal(severityOf(told), "INFORMATIONAL");
      }
      const { since, lost } = vendorChange(roleWith(name, version, without(...actions)));
      assert.deepEqual([since, lost], [referenceOf(name).attachments[0]?.version, true]);
    });
  }
});
