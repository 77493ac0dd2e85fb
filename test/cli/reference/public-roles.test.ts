import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { account, allow } from "../../builders.ts";
import { runCli, unwrap } from "../process.ts";
import { ownersFolder, reference } from "./owner.ts";

/** A role as a public project declares it, with the project's placeholders filled in. */
interface PublicRole {
  readonly name: string;
  readonly source: string;
  readonly partition?: string;
  readonly path?: string;
  readonly trust: object;
  readonly inline?: Readonly<Record<string, object>>;
  /** ARNs of managed policies without `arn:PARTITION:iam::`. */
  readonly attached?: readonly string[];
  readonly boundary?: object;
  readonly tags?: Readonly<Record<string, string>>;
  readonly profile?: string;
}

const version = "2012-10-17";
const document = (...Statement: readonly object[]) => ({ Version: version, Statement });
const assumedBy = (...services: readonly string[]) =>
  document({ Effect: "Allow", Principal: { Service: services }, Action: ["sts:AssumeRole"] });
const bucket = "arn:aws:s3:::genomics-results";
const gwfcore =
  "https://github.com/aws-samples/aws-genomics-workflows/blob/master/src/templates/gwfcore/gwfcore-iam.template.yaml";

const roles: readonly PublicRole[] = [
  {
    name: "gwfcore-BatchJobRole-1ABCDEFGHIJKL",
    source: gwfcore,
    trust: assumedBy("ecs-tasks.amazonaws.com"),
    inline: {
      "S3Bucket-Access-us-east-1": document(
        { Effect: "Deny", Resource: bucket, Action: ["s3:Delete*", "s3:PutBucket*"] },
        { Effect: "Allow", Resource: bucket, Action: ["s3:ListBucket*"] },
        { Effect: "Allow", Resource: `${bucket}/*`, Action: ["s3:*"] },
      ),
    },
  },
  {
    // Statement is an object, and the actions of EC2 begin in lower case.
    name: "gwfcore-BatchInstanceRole-1ABCDEFGHIJKL",
    source: gwfcore,
    trust: assumedBy("ec2.amazonaws.com"),
    inline: {
      "Autoscale-EBS-us-east-1": {
        Version: version,
        Statement: {
          Effect: "Allow",
          Action: [
            "ec2:createTags",
            "ec2:createVolume",
            "ec2:modifyInstanceAttribute",
            "ec2:describeVolumes",
          ],
          Resource: "*",
        },
      },
      "SystemsManager-Access-us-east-1": document(
        {
          Effect: "Allow",
          Action: ["ssm:GetParameter*"],
          Resource: [`arn:aws:ssm:*:${account}:parameter/gwfcore/demo/*`],
        },
        { Effect: "Allow", Action: ["ssm:DescribeParameters"], Resource: "*" },
      ),
    },
    attached: [
      "aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
      "aws:policy/AmazonS3ReadOnlyAccess",
    ],
    profile: "gwfcore-BatchInstanceProfile-1ABCDEFGHIJKL",
  },
  {
    // With an ARN of the role itself in the trust, as its guide has it for a role that assumes itself.
    name: "seqera-head-job",
    source: "https://github.com/seqeralabs/nf-tower-aws/blob/master/launch/seqera-role-trust-policy.json",
    trust: document(
      { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
      { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
      { Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" },
      {
        Sid: "AllowEc2AssumeRole",
        Effect: "Allow",
        Principal: {
          AWS: [`arn:aws:iam::${account}:user/seqera`, `arn:aws:iam::${account}:role/seqera-head-job`],
        },
        Action: "sts:AssumeRole",
      },
    ),
    // launch/secrets-policy-instance-role.json of the same repository.
    inline: {
      secrets: document(
        {
          Sid: "VisualEditor1",
          Effect: "Allow",
          Action: "secretsmanager:GetSecretValue",
          Resource: "arn:aws:secretsmanager:*:*:secret:tower-*",
        },
        { Sid: "VisualEditor2", Effect: "Allow", Action: "secretsmanager:ListSecrets", Resource: "*" },
        {
          Effect: "Allow",
          Action: ["iam:GetRole", "iam:PassRole"],
          Resource: `arn:aws:iam::${account}:role/seqera-execution`,
        },
      ),
      // The same Sid in another policy, and the older version.
      launch: {
        Version: "2008-10-17",
        Statement: [
          {
            Sid: "VisualEditor1",
            Effect: "Allow",
            Action: "s3:GetObject",
            Resource: "arn:aws:s3:::work/${aws:PrincipalTag/team}/*",
          },
        ],
      },
    },
  },
  {
    // Its variables for path, boundary, tags and a prefix of the name are set.
    name: "batch-service-20260226101112131400000001",
    source: "https://github.com/terraform-aws-modules/terraform-aws-batch/blob/master/main.tf",
    path: "/batch/",
    trust: document({
      Sid: "ECSAssumeRole",
      Effect: "Allow",
      Principal: { Service: "batch.amazonaws.com" },
      Action: "sts:AssumeRole",
    }),
    attached: ["aws:policy/service-role/AWSBatchServiceRole"],
    boundary: document({ Effect: "Allow", NotAction: ["iam:*", "organizations:*"], Resource: "*" }),
    tags: { ModuleCreatedRole: "Yes", Terraform: "true" },
  },
  {
    // S3 access by the session's tags ("IAM tutorial: Define permissions to access AWS resources based on tags").
    name: "project-jobs",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_attribute-based-access-control.html",
    trust: document({
      Effect: "Allow",
      Principal: { Service: "ecs-tasks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Condition: {
        StringEquals: { "aws:SourceAccount": account },
        ArnLike: { "aws:SourceArn": `arn:aws:ecs:us-east-1:${account}:*` },
      },
    }),
    inline: {
      abac: document(
        {
          Sid: "AllActionsSecretsManagerSameProject",
          Effect: "Allow",
          Action: "secretsmanager:*",
          Resource: "*",
          Condition: {
            StringEquals: {
              "aws:ResourceTag/access-project": "${aws:PrincipalTag/access-project}",
              "aws:ResourceTag/access-team": "${aws:PrincipalTag/access-team}",
            },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["access-project", "access-team"] },
            StringEqualsIfExists: { "aws:RequestTag/access-project": "${aws:PrincipalTag/access-project}" },
          },
        },
        {
          Sid: "DenyPermissionsManagement",
          Effect: "Deny",
          Action: ["secretsmanager:*Policy"],
          Resource: "*",
        },
      ),
    },
    boundary: document({ Effect: "Allow", Action: "secretsmanager:*", Resource: "*" }),
  },
  {
    // As CDK's ManagedEc2EcsComputeEnvironment makes it in China, where AWS::URLSuffix is amazonaws.com.cn.
    name: "Stack-ComputeEnvInstanceProfileRole-1ABCDEFGHIJKL",
    source: "https://github.com/aws/aws-cdk/issues/25256",
    partition: "aws-cn",
    trust: document({
      Effect: "Allow",
      Principal: { Service: "ec2.amazonaws.com.cn" },
      Action: "sts:AssumeRole",
    }),
    attached: ["aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"],
    profile: "Stack-ComputeEnvInstanceProfile-1ABCDEFGHIJKL",
  },
];

function printAccount(partition: string): string {
  const inPartition = roles.filter((role) => (role.partition ?? "aws") === partition);
  const arnOf = (rest: string) => `arn:${partition}:iam::${rest}`;
  const policies = new Map<string, object>();
  const details = inPartition.map((role, index) => {
    const { name, path = "/", trust, inline = {}, attached = [], boundary, tags = {}, profile } = role;
    const limit = arnOf(`${account}:policy/limit-${index}`);
    if (boundary) policies.set(limit, boundary);
    for (const rest of attached)
      policies.set(arnOf(rest), JSON.parse(allow(["logs:PutLogEvents", "s3:Get*"])));
    return {
      RoleName: name,
      RoleId: `AROAEXAMPLE0000000${index}`,
      Arn: arnOf(`${account}:role${path}${name}`),
      Path: path,
      // Snapshots by other tools keep documents percent-encoded, as the API sends them.
      AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(trust)),
      RolePolicyList: Object.entries(inline).map(([PolicyName, PolicyDocument]) => ({
        PolicyName,
        PolicyDocument,
      })),
      AttachedManagedPolicies: attached.map((rest) => ({
        PolicyName: rest.slice(rest.lastIndexOf("/") + 1),
        PolicyArn: arnOf(rest),
      })),
      ...(boundary && {
        PermissionsBoundary: { PermissionsBoundaryArn: limit, PermissionsBoundaryType: "Policy" },
      }),
      InstanceProfileList: profile === undefined ? [] : [{ InstanceProfileName: profile }],
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    };
  });
  return JSON.stringify({
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: details,
    Policies: [...policies].map(([arn, Document]) => ({
      PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
      Arn: arn,
      DefaultVersionId: "v3",
      PolicyVersionList: [{ VersionId: "v3", IsDefaultVersion: true, Document }],
    })),
    IsTruncated: false,
  });
}

describe("A captured role of a public project", () => {
  const places = new Map<string, { readonly cwd: string; readonly file: string; readonly config: string }>();

  before(async () => {
    for (const partition of new Set(roles.map((role) => role.partition ?? "aws"))) {
      const { cwd, file } = await ownersFolder(printAccount(partition));
      const names = roles.filter((role) => (role.partition ?? "aws") === partition).map(({ name }) => name);
      const captured = await reference(cwd, "capture", ...names, "--account", file);
      assert.deepEqual([captured.code, captured.stderr], [0, ""]);
      const references = await Promise.all(
        names.map(async (name) =>
          JSON.parse(await readFile(join(cwd, "references", `${name}.json`), "utf8")),
        ),
      );
      const config = join(cwd, "drift-guard.config.json");
      await writeFile(
        config,
        JSON.stringify({ roles: Object.fromEntries(names.map((name) => [name, {}])), references }),
      );
      places.set(partition, { cwd, file, config });
    }
  });

  for (const { name, source, partition = "aws" } of roles) {
    it(`is clean: ${name} (${source})`, async () => {
      const place = places.get(partition);
      assert.ok(place);
      const { code, stdout, stderr } = await runCli(["check", name, "--account", place.file], place);
      assert.deepEqual([code, stderr], [0, ""], stdout);
      assert.match(unwrap(stdout), /1 of 1 role clean/);
    });
  }

  it("has a sound reference", async () => {
    for (const { cwd } of places.values()) {
      const { code, stdout } = await reference(cwd, "check");
      assert.equal(code, 0, stdout);
    }
  });
});
