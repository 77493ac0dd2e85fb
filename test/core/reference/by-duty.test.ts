import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RoleUse } from "@drift-guard/core/batch/role-use";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import { findEscalation } from "@drift-guard/core/evaluate/job-role";
import { type Role, seen, unseen } from "@drift-guard/core/model/role";
import { findReference } from "@drift-guard/core/reference/built-in";
import { referenceByDuty } from "@drift-guard/core/reference/by-duty";
import { aDefinitionUse, allow, anEnvironmentUse, aRole, trustOf } from "../../builders.ts";
import { guardedAs } from "../watched-roles.ts";

describe("a role without a reference of its own", () => {
  const judge = (uses: readonly RoleUse[], trust: string, over: Partial<Role> = {}) => {
    const role = aRole({ name: "Custom", trust, attached: [], ...over });
    const reference = referenceByDuty(role.name, uses, []);
    assert.ok(reference);
    const reading = { status: "present", role } as const;
    return evaluate({ reference, guarded: guardedAs({}), reading }).map((one) =>
      one.kind === "drift" ? `${one.part} ${one.side}` : one.kind,
    );
  };

  const escalate = (uses: readonly RoleUse[], over: Partial<Role>) =>
    findEscalation(aRole(over), referenceByDuty("Custom", uses, []) ?? assert.fail());

  it("has no reference if nothing uses it", () => {
    assert.equal(referenceByDuty("Custom", [], []), undefined);
  });

  for (const [duty, service] of [
    ["service", "batch.amazonaws.com"],
    ["instance", "ec2.amazonaws.com"],
    ["managed-instance", "ec2.amazonaws.com"],
    ["spot-fleet", "spotfleet.amazonaws.com"],
    ["infrastructure", "ecs.amazonaws.com"],
  ] as const) {
    it(`trusts ${service} and requires the policy of its duty as ${duty} role`, () => {
      const found = judge([anEnvironmentUse({ duty })], trustOf(service));
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", /^managed:arn:aws:iam::aws:policy\/.* missing$/);
    });
  }

  it("need not have the description, maximum session duration and tags of the role that a reference is named after", () => {
    const execution = findReference("ecsTaskExecutionRole");
    assert.ok(execution);
    const own = { ...execution, description: "x", maxSession: 7_200, tags: { team: "a" } };
    const use = aDefinitionUse({ duty: "execution" });
    const found = referenceByDuty("nightly", [use], [own]);
    assert.ok(found && !("description" in found || "maxSession" in found || "tags" in found));
    assert.equal(referenceByDuty(own.role, [use], [own])?.description, "x");
  });

  it("compares only the trust of a job role", () => {
    const job = aDefinitionUse({ duty: "job" });
    assert.deepEqual(judge([job], trustOf("ecs-tasks.amazonaws.com")), []);
    assert.deepEqual(judge([job], trustOf("ec2.amazonaws.com")), ["trust excess", "trust missing"]);
  });

  it("reports a boundary of a job role or node role that blocks everything, and no other", () => {
    const deny = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
    });
    const bounded = (text: string, policy = allow("s3:*")): Partial<Role> => ({
      inline: [{ name: "own", text: policy }],
      boundary: seen({
        arn: "arn:aws:iam::123456789012:policy/Bound",
        version: seen({ id: "v1", text }),
      }),
    });
    for (const [use, service] of [
      [aDefinitionUse({ duty: "job" }), "ecs-tasks.amazonaws.com"],
      [anEnvironmentUse({ duty: "eks-node" }), "ec2.amazonaws.com"],
    ] as const) {
      const found = (over: Partial<Role>) => judge([use], trustOf(service), over);
      assert.deepEqual(found(bounded(deny)), ["boundary missing"]);
      assert.deepEqual(found(bounded(allow("dynamodb:*"))), ["boundary missing"]);
      assert.deepEqual(found(bounded(allow("s3:GetObject"))), []);
      assert.deepEqual(found(bounded(allow("*"))), []);
      assert.deepEqual(found({ ...bounded(deny), inline: [] }), [], "it allows nothing anyway");
    }
  });

  it("is unknown where the boundary of a job role cannot be read, and the role allows something", () => {
    const why = "iam:GetPolicy on arn:aws:iam::123456789012:policy/Bound was denied.";
    const unread = unseen(why);
    const bounded = seen({ arn: "arn:aws:iam::123456789012:policy/Bound", version: unread });
    const unparsed = seen({
      arn: "arn:aws:iam::123456789012:policy/Bound",
      version: seen({ id: "v1", text: "{" }),
    });
    const inline = [{ name: "own", text: allow("s3:*") }];
    const found = (over: Partial<Role>) =>
      judge([aDefinitionUse({ duty: "job" })], trustOf("ecs-tasks.amazonaws.com"), over);
    assert.deepEqual(found({ inline, boundary: bounded }), ["undecided"]);
    assert.deepEqual(found({ inline, boundary: unparsed }), ["undecided"]);
    assert.deepEqual(found({ inline, boundary: unread }), ["undecided"]);
    assert.deepEqual(found({ boundary: bounded }), [], "it allows nothing anyway");
  });

  // The policies that AWS lists for EKS nodes (EKS User Guide, "Amazon EKS node IAM role"), for Systems Manager and for
  // the CloudWatch agent, by their widest grants.
  const awsStacks = [
    [
      "AmazonEKSWorkerNodePolicy",
      ["ec2:DescribeInstances", "eks:DescribeCluster", "eks-auth:AssumeRoleForPodIdentity"],
    ],
    [
      "AmazonEC2ContainerRegistryReadOnly",
      ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:ListImages"],
    ],
    [
      "AmazonEKS_CNI_Policy",
      ["ec2:CreateNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:CreateTags"],
    ],
    [
      "AmazonSSMManagedInstanceCore",
      [
        "ssm:UpdateInstanceInformation",
        "ssm:GetParameters",
        "ssmmessages:OpenDataChannel",
        "ec2messages:SendReply",
      ],
    ],
    [
      "CloudWatchAgentServerPolicy",
      ["cloudwatch:PutMetricData", "logs:CreateLogGroup", "logs:PutLogEvents", "ssm:GetParameter"],
    ],
  ] as const;
  const attached = awsStacks.map(([name, actions]) => ({
    arn: `arn:aws:iam::aws:policy/${name}`,
    version: seen({ id: "v1", text: allow(actions) }),
  }));

  it("holds only the trust of a Kubernetes node's role, also under the name ecsInstanceRole (2.7)", () => {
    const node = [anEnvironmentUse({ duty: "eks-node" })];
    for (const name of ["eks-node", "ecsInstanceRole"]) {
      assert.deepEqual(judge(node, trustOf("ec2.amazonaws.com"), { name, attached }), []);
      assert.deepEqual(judge(node, trustOf("eks.amazonaws.com"), { name }), [
        "trust excess",
        "trust missing",
      ]);
    }
  });

  it("requires the ECS policy of a role of Kubernetes nodes and of ECS instances, and nothing less of the EKS policies", () => {
    const uses = [anEnvironmentUse({ duty: "eks-node" }), anEnvironmentUse({ duty: "instance" })];
    assert.deepEqual(judge(uses, trustOf("ec2.amazonaws.com"), { attached }), [
      "managed:arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role missing",
    ]);
  });

  it("accepts AWS's own stacks on a role of instances, whatever its name", () => {
    assert.deepEqual(escalate([anEnvironmentUse({ duty: "instance" })], { attached }), []);
    const [required] = findReference("ecsInstanceRole")?.attachments ?? [];
    assert.ok(required);
    const ecs = { arn: required.arn, version: seen({ id: required.version, text: required.document }) };
    for (const name of ["Nodes", "ecsInstanceRole"]) {
      const over = { name, attached: [ecs, ...attached], profiles: seen([name]) };
      assert.deepEqual(
        judge([anEnvironmentUse({ duty: "instance" })], trustOf("ec2.amazonaws.com"), over),
        [],
      );
    }
  });

  it("holds a role of managed instances to their own policy, under the name that AWS's guide gives it (2.6)", () => {
    const managed = [anEnvironmentUse({ duty: "managed-instance" })];
    for (const name of ["ecsInstanceRole", "ecsInstanceRole-batch"]) {
      assert.deepEqual(judge(managed, trustOf("ec2.amazonaws.com"), { name }), [
        "managed:arn:aws:iam::aws:policy/AmazonECSInstanceRolePolicyForManagedInstances missing",
      ]);
    }
  });

  // The guide's "Amazon ECS Managed Instances instance profile" asks for such a PassRole where the instance role has another
  // name; AmazonECSInfrastructureRolePolicyForVolumes is for EBS volumes of the same role.
  it("accepts what an owner adds to an infrastructure role to pass an instance role or create volumes", () => {
    const [required] = findReference("ecsInfrastructureRole")?.attachments ?? [];
    assert.ok(required);
    const managed = { arn: required.arn, version: seen({ id: required.version, text: required.document }) };
    const volumes = {
      arn: "arn:aws:iam::aws:policy/service-role/AmazonECSInfrastructureRolePolicyForVolumes",
      version: seen({ id: "v1", text: allow(["ec2:CreateVolume", "ec2:AttachVolume"]) }),
    };
    const pass = allow("iam:PassRole", "arn:aws:iam::123456789012:role/MyStack-InstanceRole-ABC123");
    const over = { attached: [managed, volumes], inline: [{ name: "pass", text: pass }] };
    const uses = [anEnvironmentUse({ duty: "infrastructure" })];
    for (const name of ["Custom", "ecsInfrastructureRole"]) {
      assert.deepEqual(judge(uses, trustOf("ecs.amazonaws.com"), { name, ...over }), []);
    }
    assert.deepEqual(escalate(uses, over), []);
    const wide = { ...over, inline: [{ name: "pass", text: allow("iam:PassRole") }] };
    assert.equal(escalate(uses, wide).length, 1);
  });

  it("applies an owner's own reference by its name, for every duty", () => {
    const own = { ...(findReference("ecsInstanceRole") ?? assert.fail()), purpose: "Lets us choose." };
    const use = anEnvironmentUse({ duty: "eks-node" });
    assert.equal(referenceByDuty("ecsInstanceRole", [use], [own]), own);
  });

  it("trusts the services of both duties and no other", () => {
    const uses = [anEnvironmentUse({ duty: "instance" }), aDefinitionUse({ duty: "job" })];
    const both = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"] },
          Action: "sts:AssumeRole",
        },
      ],
    });
    assert.ok(judge(uses, both).every((one) => !one.startsWith("trust")));
    assert.ok(judge(uses, trustOf("ec2.amazonaws.com")).includes("trust missing"));
    assert.ok(judge([anEnvironmentUse({ duty: "instance" })], both).includes("trust excess"));
  });
});
