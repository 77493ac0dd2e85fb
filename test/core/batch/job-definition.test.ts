import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { parseComputeEnvironment, parseJobQueue } from "@drift-guard/core/batch/compute-environment";
import { readCredentialsParameter, readValueFrom } from "@drift-guard/core/batch/definition-needs";
import { parseJobDefinition } from "@drift-guard/core/batch/job-definition";
import { agentFeaturesOf, usesOfDefinition } from "@drift-guard/core/batch/uses";
import fc from "fast-check";
import { account } from "../../builders.ts";

const place = { account, partition: "aws", region: "eu-west-1" };
const roleArn = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const secretArn = (name: string) => `arn:aws:secretsmanager:eu-west-1:${account}:secret:${name}`;

/** A container with roles and one of each element that names a secret; `mark` makes the names unique. */
const aContainer = (mark: string) => ({
  executionRoleArn: roleArn(`Execution${mark}`),
  jobRoleArn: roleArn(`Job${mark}`),
  ...aTaskContainer(mark),
});
const aTaskContainer = (mark: string) => ({
  image: "busybox",
  secrets: [{ name: "A", valueFrom: secretArn(`env${mark}-AbCdEf`) }],
  logConfiguration: {
    logDriver: "splunk",
    secretOptions: [{ name: "token", valueFrom: `/log/${mark}` }],
  },
  repositoryCredentials: { credentialsParameter: secretArn(`pull${mark}-AbCdEf`) },
});
const aTask = (mark: string) => ({
  executionRoleArn: roleArn(`Execution${mark}`),
  taskRoleArn: roleArn(`Job${mark}`),
  containers: [aTaskContainer(mark)],
});

const everywhere = {
  jobDefinitionName: "nodes",
  type: "multinode",
  containerProperties: aContainer("1"),
  nodeProperties: {
    nodeRangeProperties: [
      { targetNodes: "0:0", container: aContainer("2") },
      { targetNodes: "1:1", ecsProperties: { taskProperties: [aTask("3")] } },
    ],
  },
  ecsProperties: { taskProperties: [aTask("4"), aTask("5")] },
  eksProperties: {
    podProperties: { serviceAccountName: "pods", imagePullSecrets: [{ name: "kubernetes" }] },
  },
};

describe("a job definition", () => {
  it("names roles and secrets in five places, and none in Kubernetes pods", () => {
    const read = parseJobDefinition(everywhere, place);
    assert.deepEqual(
      read?.tasks.map(({ at, execution, job }) => [at, execution?.name, job?.name]),
      [
        ["containerProperties", "Execution1", "Job1"],
        ["nodeProperties.nodeRangeProperties[0].container", "Execution2", "Job2"],
        ["nodeProperties.nodeRangeProperties[1].ecsProperties.taskProperties[0]", "Execution3", "Job3"],
        ["ecsProperties.taskProperties[0]", "Execution4", "Job4"],
        ["ecsProperties.taskProperties[1]", "Execution5", "Job5"],
      ],
    );
    for (const [index, task] of read?.tasks.entries() ?? []) {
      const mark = index + 1;
      assert.deepEqual(task.unread, []);
      assert.deepEqual(
        task.needs.map(({ action, resource, what }) => [action, resource, what]),
        [
          ["secretsmanager:GetSecretValue", secretArn(`env${mark}-AbCdEf`), "secret"],
          ["ssm:GetParameters", `arn:aws:ssm:eu-west-1:${account}:parameter/log/${mark}`, "parameter"],
          ["secretsmanager:GetSecretValue", secretArn(`pull${mark}-AbCdEf`), "registry"],
        ],
      );
    }
    assert.equal(
      read?.tasks[2]?.needs[0]?.at,
      "nodeProperties.nodeRangeProperties[1].ecsProperties.taskProperties[0].containers[0].secrets[0].valueFrom",
    );
  });

  it("uses each of those roles, each with its own needs", () => {
    const read = parseJobDefinition({ ...everywhere, revision: 3 }, place);
    const uses = usesOfDefinition(read ? [read] : []);
    assert.equal(uses.size, 10);
    const [use] = uses.get("Execution4") ?? [];
    assert.ok(use?.kind === "job-definition");
    assert.deepEqual([use.name, use.revision, use.duty, use.needs.length], ["nodes", 3, "execution", 3]);
    assert.deepEqual(
      uses.get("Job4")?.map(({ duty }) => duty),
      ["job"],
    );
  });

  it("reads the same from a request and from a response", () => {
    const answer = { ...everywhere, revision: 3, status: "ACTIVE", jobDefinitionArn: "arn:…:3", tags: {} };
    assert.deepEqual(parseJobDefinition(answer, place)?.tasks, parseJobDefinition(everywhere, place)?.tasks);
  });

  const readLogs = (options: object, logDriver?: string) => {
    const logConfiguration = { ...(logDriver !== undefined && { logDriver }), options };
    const container = { executionRoleArn: roleArn("E"), logConfiguration };
    return parseJobDefinition({ jobDefinitionName: "a", containerProperties: container }, place)?.tasks[0];
  };
  const asked = { "awslogs-create-group": "true" };
  const group = (name: string, region = "eu-west-1") =>
    `arn:aws:logs:${region}:${account}:log-group:${name}:*`;

  for (const [options, resource] of [
    [{ ...asked, "awslogs-group": "/jobs", "awslogs-region": "us-east-1" }, group("/jobs", "us-east-1")],
    [asked, group("/aws/batch/job")],
    [{ ...asked, "awslogs-group": "/env//var/log/web2.stdout.log" }, group("/env//var/log/web2.stdout.log")],
    [{ "awslogs-create-group": "True", "awslogs-group": "jobs" }, group("jobs")],
  ] as const) {
    it(`needs the permission to create its log group if it asks for one (T11): ${resource}`, () => {
      assert.deepEqual(
        readLogs(options)?.needs.map(({ action, resource: on }) => [action, on]),
        [["logs:CreateLogGroup", resource]],
      );
    });
  }

  it("needs no log group if it asks for none, or if another driver writes its logs", () => {
    for (const value of ["false", "", "yes"])
      assert.deepEqual(readLogs({ "awslogs-create-group": value })?.needs, []);
    assert.deepEqual(readLogs(asked, "splunk")?.needs, []);
    assert.equal(readLogs(asked, "awslogs")?.needs.length, 1);
  });

  it("reads options that are no text, as hand-written JSON has them, and the options beside them", () => {
    const options = { "awslogs-create-group": true, "awslogs-group": "/jobs", mode: null, "max-size": 25 };
    assert.deepEqual(
      readLogs(options)?.needs.map(({ resource }) => resource),
      [group("/jobs")],
    );
  });

  it("reports a log group or Region that cannot be one: it would become a permission", () => {
    assert.deepEqual(readLogs({ ...asked, "awslogs-group": "*" })?.unread, [
      "containerProperties.logConfiguration.options.awslogs-group is no name of a log group.",
    ]);
    assert.deepEqual(readLogs({ ...asked, "awslogs-region": "*:*" })?.unread, [
      "containerProperties.logConfiguration.options.awslogs-region is no Region.",
    ]);
  });

  it("asks of the ECS agent what its active revisions on instances use (T14)", () => {
    const features = (over: object, given: object = {}) => {
      const read = parseJobDefinition({ jobDefinitionName: "a", containerProperties: over, ...given }, place);
      return agentFeaturesOf(read ? [read] : []);
    };
    const secrets = (...valueFrom: readonly string[]) => ({
      secrets: valueFrom.map((from) => ({ valueFrom: from })),
    });
    assert.deepEqual(features({}), []);
    assert.deepEqual(features(secrets("/a", secretArn("b-AbCdEf"))), ["parameter", "secret"]);
    assert.deepEqual(features(secrets(secretArn("b-AbCdEf:key::"))), ["secret", "secret-part"]);
    assert.deepEqual(features(secrets(secretArn("b-AbCdEf:::"))), ["secret"]);
    assert.deepEqual(features(aContainer("1")), ["log-secret", "parameter", "registry", "secret"]);
    const task = { ecsProperties: { taskProperties: [aTask("1")] } };
    assert.deepEqual(features({}, task), ["log-secret", "parameter", "registry", "secret"]);
    assert.deepEqual(features(aContainer("1"), { platformCapabilities: ["FARGATE"] }), []);
    assert.deepEqual(features(aContainer("1"), { status: "INACTIVE" }), []);
  });

  it("reads single objects and the lists that the guide prints alike", () => {
    const { logConfiguration, ...container } = aContainer("1");
    const sample = { ...container, logConfiguration: [logConfiguration] };
    const read = (containerProperties: unknown) =>
      parseJobDefinition({ jobDefinitionName: "a", containerProperties }, place)?.tasks;
    assert.deepEqual(read([sample]), read(aContainer("1")));
  });

  it("reports what it cannot parse without quoting a possible secret", () => {
    const read = parseJobDefinition(
      {
        jobDefinitionName: "a",
        containerProperties: {
          executionRoleArn: "arn:aws:iam::999988887777:role/no role",
          secrets: [{ name: "A", valueFrom: "hunter2 is my password!" }, { name: "B", valueFrom: 7 }, null],
        },
        ecsProperties: { taskProperties: ["nonsense"] },
      },
      place,
    );
    const unread = read?.tasks.flatMap((task) => task.unread) ?? [];
    assert.deepEqual(unread, [
      "containerProperties names arn:aws:iam::999988887777:role/no role, which cannot be a role.",
      "containerProperties.secrets[0].valueFrom names neither a secret nor a parameter.",
      "containerProperties.secrets[1].valueFrom is no text.",
      "containerProperties.secrets[2].valueFrom is no text.",
      "ecsProperties.taskProperties[0] is not what it should be.",
    ]);
  });

  it("keeps the ARN by which it names a role, and no needs of a role of another account (T13)", () => {
    const foreign = "arn:aws:iam::999988887777:role/E";
    const usesOf = (containerProperties: object) => {
      const read = parseJobDefinition({ jobDefinitionName: "a", containerProperties }, place);
      return usesOfDefinition(read ? [read] : []).get("E");
    };
    const { executionRoleArn: _, jobRoleArn: __, ...container } = aContainer("1");
    const named = (executionRoleArn: string) =>
      usesOf({ ...container, executionRoleArn })?.map(
        (use) => use.kind === "job-definition" && [use.arn, use.otherAccount, use.needs.length],
      );
    assert.deepEqual(named(roleArn("service-role/E")), [[roleArn("service-role/E"), undefined, 3]]);
    assert.deepEqual(named("E"), [[undefined, undefined, 3]]);
    assert.deepEqual(named(foreign), [[foreign, true, 0]]);
    assert.deepEqual(
      usesOf({ jobRoleArn: foreign })?.map(({ duty, arn }) => [duty, arn]),
      [["job", foreign]],
    );
  });

  it("uses nothing when inactive, and keeps the newest of revisions with equal needs", () => {
    const revision = (number: number, status = "ACTIVE") =>
      parseJobDefinition(
        {
          jobDefinitionName: "a",
          revision: number,
          status,
          containerProperties: { executionRoleArn: roleArn("E") },
        },
        place,
      ) ?? assert.fail();
    assert.equal(usesOfDefinition([revision(1, "INACTIVE")]).size, 0);
    const uses = usesOfDefinition([revision(1), revision(3), revision(2), revision(4, "INACTIVE")]).get("E");
    assert.deepEqual(
      uses?.map((use) => use.kind === "job-definition" && use.revision),
      [3],
    );
  });

  it("is recorded at the usual role if it needs an execution role and names none", () => {
    const read = (over: object) =>
      parseJobDefinition({ jobDefinitionName: "a", ...over }, place) ?? assert.fail();
    const usual = (over: object) => usesOfDefinition([read(over)]).get("ecsTaskExecutionRole");
    const bare = { containerProperties: { image: "busybox" } };
    assert.equal(usual(bare), undefined);
    // Without an execution role, the log driver uses the role of the instance (repost.aws, "ecs-container-logs-cloudwatch").
    const logConfiguration = { logDriver: "awslogs", options: { "awslogs-create-group": "true" } };
    assert.equal(usual({ containerProperties: { logConfiguration } }), undefined);
    for (const over of [
      { ...bare, platformCapabilities: ["FARGATE"] },
      { containerProperties: { secrets: [{ name: "A", valueFrom: "/a" }] } },
    ]) {
      const [use] = usual(over) ?? [];
      assert.ok(use?.kind === "job-definition");
      assert.equal(use.roleNotNamed, true);
    }
  });

  it("reads any value without throwing", () => {
    const text = fc.constantFrom(
      "",
      "a",
      roleArn("R"),
      secretArn("s"),
      "__proto__",
      "arn:aws:ssm:::parameter/",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        text,
        fc.integer(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            ...["containerProperties", "nodeProperties", "nodeRangeProperties", "ecsProperties", "container"],
            ...["taskProperties", "containers", "secrets", "valueFrom", "logConfiguration", "secretOptions"],
            ...["repositoryCredentials", "credentialsParameter", "executionRoleArn", "jobRoleArn", "options"],
            ...[
              "computeResources",
              "serviceRole",
              "managedInstancesProvider",
              "computeEnvironmentOrder",
              "type",
            ],
          ),
          tie("value"),
        ),
      ),
    }));
    fc.assert(
      fc.property(value, fc.string({ minLength: 1 }), (given, name) => {
        const fields = typeof given === "object" && given !== null ? given : {};
        const definition = parseJobDefinition({ ...fields, jobDefinitionName: name }, place);
        if (definition) usesOfDefinition([definition]);
        parseComputeEnvironment({ ...fields, computeEnvironmentName: name }, place);
        parseJobQueue({ ...fields, jobQueueName: name }, place);
        assert.equal(parseJobDefinition(given, place)?.name, undefined);
      }),
    );
  });
});

describe("valueFrom", () => {
  const parameter = (name: string) => [
    "ssm:GetParameters",
    `arn:aws:ssm:eu-west-1:${account}:parameter/${name}`,
  ];
  const secret = (name: string) => ["secretsmanager:GetSecretValue", secretArn(name)];
  const elsewhere = "arn:aws-us-gov:ssm:us-gov-west-1:999988887777:parameter/a/b";
  const cases: readonly (readonly [text: string, needs: readonly (readonly (string | undefined)[])[]])[] = [
    ["plain", [parameter("plain")]],
    ["/path/to/it", [parameter("path/to/it")]],
    ["path/to/it", [parameter("path/to/it")]],
    [`arn:aws:ssm:eu-west-1:${account}:parameter/plain`, [parameter("plain")]],
    [`arn:aws:ssm:eu-west-1:${account}:parameter/path/to/it`, [parameter("path/to/it")]],
    [elsewhere, [["ssm:GetParameters", elsewhere]]],
    [secretArn("db-AbCdEf"), [secret("db-AbCdEf")]],
    [secretArn("team/db-AbCdEf:username::"), [secret("team/db-AbCdEf")]],
    [secretArn("db-AbCdEf::AWSPREVIOUS:"), [secret("db-AbCdEf")]],
    [secretArn("db-AbCdEf:::9d4cb84b-ad69-40c0-a0ab-cead36b967e8"), [secret("db-AbCdEf")]],
    [secretArn("db"), [secret("db-??????")]],
    [
      `arn:aws:ssm:eu-west-1:${account}:parameter/aws/reference/secretsmanager/team/db`,
      [parameter("aws/reference/secretsmanager/team/db"), secret("team/db-??????")],
    ],
    ["/aws/reference/secretsmanager/db", [parameter("aws/reference/secretsmanager/db"), secret("db-??????")]],
  ];
  for (const [text, needs] of cases) {
    it(`"${text}" needs ${needs.map(([action]) => action).join(" and ")}`, () => {
      const read = readValueFrom(text, "here", place);
      assert.ok(read.read);
      assert.deepEqual(
        read.needs.map(({ action, resource }) => [action, resource]),
        needs,
      );
    });
  }

  // The agent splits the ARN's resource at colons and takes two or five segments (amazon-ecs-agent, asmsecret.go; asked for
  // as "1, 2, or 3 :" in aws/amazon-ecs-cli#1169). The Batch guide's example of a version id has one colon too few.
  const version = "9d4cb84b-ad69-40c0-a0ab-cead36b967e8";
  for (const [given, right] of [
    [":username", ":username::"],
    [":username:", ":username::"],
    ["::AWSPREVIOUS", "::AWSPREVIOUS:"],
    [`::${version}`, `:::${version}`],
    [`:${version}`, `:::${version}`],
    [":", ""],
    ["::", ""],
    [":a:b:c:d", ":JSON-KEY:VERSION-STAGE:VERSION-ID"],
    [":a key", ":JSON-KEY:VERSION-STAGE:VERSION-ID"],
  ] as const) {
    it(`"…${given}" is refused by the ECS agent, and the right form is "…${right}"`, () => {
      const read = readValueFrom(secretArn(`db-AbCdEf${given}`), "here", place);
      assert.ok(read.read);
      assert.deepEqual(
        read.needs.map(({ resource }) => resource),
        [secretArn("db-AbCdEf")],
      );
      assert.match(read.refused ?? "", /^here has [1-4] parts? after the secret's name/);
      assert.ok(read.refused?.endsWith(`Write ${secretArn(`db-AbCdEf${right}`)}.`), read.refused);
    });
  }

  // Terraform's aws_ssm_parameter gave such ARNs (hashicorp/terraform-provider-aws#2593), and ECS takes no version or label
  // (aws/containers-roadmap#859).
  const parameterArn = (name: string) => `arn:aws:ssm:eu-west-1:${account}:parameter${name}`;
  for (const [given, name, right] of [
    [parameterArn("//app/key"), "app/key", parameterArn("/app/key")],
    [parameterArn("//app/key:3"), "app/key", parameterArn("/app/key")],
    [parameterArn("/app/key:3"), "app/key", parameterArn("/app/key")],
    [parameterArn("/key:live"), "key", parameterArn("/key")],
    ["/app/key:3", "app/key", "/app/key"],
    ["/app/key:live", "app/key", "/app/key"],
  ] as const) {
    it(`"${given}" finds no parameter, and the right form is "${right}"`, () => {
      const read = readValueFrom(given, "here", place);
      assert.ok(read.read);
      assert.deepEqual(
        read.needs.map(({ action, resource }) => [action, resource]),
        [parameter(name)],
      );
      assert.match(read.refused ?? "", /^here (?:has two slashes|asks for a version or label)/);
      assert.ok(read.refused?.endsWith(` Write ${right}.`), read.refused);
    });
  }

  it("is accepted by the ECS agent with three parts or none, and a registry's credentials with none", () => {
    for (const parts of ["", ":key::", "::AWSCURRENT:", `:::${version}`, ":key:stage:id"]) {
      const read = readValueFrom(secretArn(`db-AbCdEf${parts}`), "here", place);
      assert.ok(read.read && read.refused === undefined, parts);
      const credentials = readCredentialsParameter(secretArn(`db-AbCdEf${parts}`), "here", place);
      assert.equal(credentials.read && credentials.refused === undefined, parts === "", parts);
    }
  });

  for (const text of [
    "",
    "two words",
    "user:password",
    "arn:aws:s3:::bucket/key",
    "a//b",
    `/${"deep/".repeat(500)}er`,
  ]) {
    it(`"${text}" cannot be parsed, and is reported`, () => {
      assert.equal(readValueFrom(text, "here", place).read, false);
    });
  }
});

describe("a compute environment", () => {
  const rolesOf = (given: object) =>
    parseComputeEnvironment({ computeEnvironmentName: "prod", type: "MANAGED", ...given }, place)?.roles;
  const linked = {
    duty: "service",
    name: "AWSServiceRoleForBatch",
    arn: roleArn("aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"),
  };

  for (const [serviceRole, arn] of [
    [roleArn("service-role/AWSBatchServiceRole"), roleArn("service-role/AWSBatchServiceRole")],
    ["AWSBatchServiceRole", roleArn("AWSBatchServiceRole")],
    ["service-role/AWSBatchServiceRole", roleArn("service-role/AWSBatchServiceRole")],
    ["/service-role/AWSBatchServiceRole", roleArn("service-role/AWSBatchServiceRole")],
  ]) {
    it(`reads its service role ${serviceRole} as the ARN that AWS Batch assumes`, () => {
      assert.deepEqual(rolesOf({ serviceRole }), [{ duty: "service", name: "AWSBatchServiceRole", arn }]);
    });
  }

  it("uses the service-linked role without a service role if it is managed, else none", () => {
    assert.deepEqual(rolesOf({}), [linked]);
    assert.deepEqual(rolesOf({ serviceRole: "" }), [linked]);
    assert.deepEqual(rolesOf({ type: "UNMANAGED" }), []);
  });

  it("names an instance profile by its name or ARN, a fleet role, and the roles of managed instances", () => {
    const profile = `arn:aws:iam::${account}:instance-profile/path/Nodes`;
    assert.deepEqual(
      rolesOf({
        serviceRole: "S",
        computeResources: {
          instanceRole: "Short",
          spotIamFleetRole: roleArn("Fleet"),
          managedInstancesProvider: {
            infrastructureRoleArn: roleArn("Infrastructure"),
            instanceLaunchTemplate: { ec2InstanceProfileArn: profile },
          },
        },
      })?.map((role) => ("profile" in role ? `${role.duty} ${role.profile}` : `${role.duty} ${role.name}`)),
      [
        "service S",
        "instance Short",
        "managed-instance Nodes",
        "spot-fleet Fleet",
        "infrastructure Infrastructure",
      ],
    );
  });

  for (const given of [
    // The request of the AWS Batch User Guide, "Getting started with AWS Batch on Amazon EKS".
    {
      type: "MANAGED",
      state: "ENABLED",
      eksConfiguration: {
        eksClusterArn: `arn:aws:eks:eu-west-1:${account}:cluster/batch`,
        kubernetesNamespace: "my-aws-batch-namespace",
      },
      computeResources: { type: "EC2", allocationStrategy: "BEST_FIT_PROGRESSIVE", instanceRole: "node" },
    },
    // The answer of DescribeComputeEnvironments for the same environment.
    {
      containerOrchestrationType: "EKS",
      ecsClusterArn: null,
      computeResources: { type: "SPOT", instanceRole: `arn:aws:iam::${account}:instance-profile/eks/node` },
    },
    { eksConfiguration: {}, computeResources: { type: "EC2", instanceRole: "node" } },
  ]) {
    it(`on EKS names the role of its Kubernetes nodes and has no ECS agents (2.7): ${given.computeResources.instanceRole}`, () => {
      const read = parseComputeEnvironment({ computeEnvironmentName: "e", ...given }, place);
      assert.deepEqual(
        read?.roles.filter(({ duty }) => duty !== "service"),
        [{ duty: "eks-node", profile: "node" }],
      );
      assert.equal(read?.cluster, undefined);
    });
  }

  it("of managed instances has agents that AWS updates", () => {
    const computeResources = { type: "ECS_MANAGED_INSTANCES" };
    const given = { computeEnvironmentName: "e", ecsClusterArn: "arn:aws:ecs:::cluster/c", computeResources };
    assert.equal(parseComputeEnvironment(given, place)?.cluster, undefined);
  });

  it("reads its name from a name or an ARN in UpdateComputeEnvironment", () => {
    for (const given of ["prod", `arn:aws:batch:eu-west-1:${account}:compute-environment/prod`]) {
      assert.equal(parseComputeEnvironment({ computeEnvironment: given }, place)?.name, "prod");
    }
  });

  it("reads every recorded response", () => {
    const folder = resolve(import.meta.dirname, "../../../../shared/data/api-recordings");
    for (const answer of recordedAnswers(folder)) {
      const { computeEnvironments = [], jobDefinitions = [], jobQueues = [] } = answer;
      const owner = { ...place, account: "644160558196" };
      for (const one of computeEnvironments) {
        const read = parseComputeEnvironment(one, owner);
        assert.ok(
          read?.roles.some(({ duty }) => duty === "service"),
          JSON.stringify(one),
        );
      }
      for (const one of jobDefinitions) {
        assert.deepEqual(
          parseJobDefinition(one, owner)?.tasks.flatMap(({ unread }) => unread),
          [],
        );
      }
      for (const one of jobQueues) assert.equal(parseJobQueue(one, owner)?.environments.length, 1);
    }
  });
});

interface RecordedAnswer {
  readonly computeEnvironments?: readonly unknown[];
  readonly jobDefinitions?: readonly unknown[];
  readonly jobQueues?: readonly unknown[];
}

// The recordings are not part of the repository, and may be absent.
function recordedAnswers(folder: string): readonly RecordedAnswer[] {
  let cases: readonly string[];
  try {
    cases = readdirSync(folder).filter((name) => name.includes("batch"));
  } catch {
    return [];
  }
  return cases.flatMap((name) =>
    readdirSync(join(folder, name))
      .filter((file) => file.startsWith("batch.Describe"))
      .map((file): RecordedAnswer => JSON.parse(readFileSync(join(folder, name, file), "utf8")).data),
  );
}
