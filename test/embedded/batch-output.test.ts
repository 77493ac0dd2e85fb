import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBatchOutput } from "@drift-guard/embedded/batch-output";
import { account } from "../builders.ts";

const arnOf = (kind: string, name: string, region = "us-east-1", owner = account) =>
  `arn:aws:batch:${region}:${owner}:${kind}/${name}`;
const environment = (name: string, region?: string, owner?: string) => ({
  computeEnvironmentName: name,
  computeEnvironmentArn: arnOf("compute-environment", name, region, owner),
  type: "MANAGED",
  state: "ENABLED",
  status: "VALID",
  serviceRole: `arn:aws:iam::${owner ?? account}:role/service-role/AWSBatchServiceRole`,
});
const definition = (revision: number, status = "ACTIVE") => ({
  jobDefinitionName: "render",
  jobDefinitionArn: arnOf("job-definition", `render:${revision}`),
  revision,
  status,
  type: "container",
  containerProperties: { image: "busybox", executionRoleArn: `arn:aws:iam::${account}:role/Own` },
});
const environments = JSON.stringify({ computeEnvironments: [environment("prod")] });
const definitions = JSON.stringify({ jobDefinitions: [definition(1, "INACTIVE"), definition(2)] });
const queues = JSON.stringify({
  jobQueues: [
    {
      jobQueueName: "high",
      jobQueueArn: arnOf("job-queue", "high"),
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: arnOf("compute-environment", "prod") }],
    },
  ],
});

const read = (...texts: readonly string[]) =>
  readBatchOutput(texts.map((text, index) => ({ text, source: `batch-${index + 1}.json` })));

async function namesOf(output: ReturnType<typeof read>, region = "us-east-1", owner = account) {
  const reader = output.readerOf(owner);
  const names: string[] = [];
  for await (const { name } of reader.environments(region)) names.push(name);
  for await (const { name, revision } of reader.definitions(region)) names.push(`${name}:${revision}`);
  for await (const { name, environments: used } of reader.queues(region)) names.push(`${name}=${used}`);
  return names;
}

describe("readBatchOutput", () => {
  it("reads the three outputs from one text, from several, and from a list of pages, without inactive revisions", async () => {
    const expected = ["prod", "render:2", "high=prod"];
    for (const texts of [
      [environments, definitions, queues],
      [`${environments}\n${definitions}${queues}\n`],
      [`[${environments}, ${definitions}, ${queues}]`],
      [environments, environments, definitions, queues],
    ]) {
      const output = read(...texts);
      assert.deepEqual(await namesOf(output), expected);
      assert.deepEqual([output.absent, output.cut], [[], []]);
    }
  });

  it("tells accounts and regions apart by the resources' ARNs", async () => {
    const text = JSON.stringify({
      computeEnvironments: [
        environment("here"),
        environment("there", "eu-west-1"),
        environment("other", "us-east-1", "210987654321"),
      ],
    });
    const output = read(text);
    assert.deepEqual(output.accounts, [account, "210987654321"]);
    assert.deepEqual(output.regionsOf(account), ["eu-west-1", "us-east-1"]);
    assert.deepEqual(await namesOf(output, "eu-west-1"), ["there"]);
    assert.deepEqual(await namesOf(output, "us-east-1", "210987654321"), ["other"]);
  });

  it("names outputs that are absent, and those that end before their last page", () => {
    const cut = JSON.stringify({ computeEnvironments: [environment("prod")], NextToken: "more" });
    const output = read(cut, definitions);
    assert.deepEqual(output.absent, ["aws batch describe-job-queues"]);
    assert.deepEqual(output.cut, ["aws batch describe-compute-environments"]);
    assert.deepEqual(read(cut, environments).cut, []);
    assert.deepEqual(read(environments, cut).cut, [], "pages in any order");
    const empty = JSON.stringify({ computeEnvironments: [] });
    assert.deepEqual(read(cut, empty).cut, [], "an empty last page");
  });

  it("names an output that ends early in one region, though that of another region is whole", () => {
    const whole = JSON.stringify({ computeEnvironments: [environment("there", "eu-west-1")] });
    const cut = JSON.stringify({ computeEnvironments: [environment("prod")], nextToken: "more" });
    for (const texts of [[whole, cut], [cut, whole], [`${cut}${whole}`]])
      assert.deepEqual(read(...texts).cut, ["aws batch describe-compute-environments"]);
  });

  // The example of "describe-compute-environments", AWS CLI Command Reference:
  // https://docs.aws.amazon.com/cli/latest/reference/batch/describe-compute-environments.html
  it("reads the example of the AWS CLI's reference", async () => {
    const printed = {
      computeEnvironments: [
        {
          status: "VALID",
          serviceRole: "arn:aws:iam::012345678910:role/AWSBatchServiceRole",
          computeEnvironmentArn: "arn:aws:batch:us-east-1:012345678910:compute-environment/P2OnDemand",
          computeResources: {
            subnets: ["subnet-220c0e0a"],
            tags: { Name: "Batch Instance - P2OnDemand" },
            desiredvCpus: 48,
            minvCpus: 0,
            instanceTypes: ["p2"],
            securityGroupIds: ["sg-cf5093b2"],
            instanceRole: "ecsInstanceRole",
            maxvCpus: 128,
            type: "EC2",
            ec2KeyPair: "id_rsa",
          },
          statusReason: "ComputeEnvironment Healthy",
          ecsClusterArn: "arn:aws:ecs:us-east-1:012345678910:cluster/P2OnDemand_Batch_2c06f29d",
          state: "ENABLED",
          computeEnvironmentName: "P2OnDemand",
          type: "MANAGED",
        },
      ],
    };
    const output = read(JSON.stringify(printed));
    const found = await output.readerOf("012345678910").environment("us-east-1", "P2OnDemand");
    assert.deepEqual(
      found?.roles.map((role) => [role.duty, "profile" in role ? role.profile : role.name]),
      [
        ["service", "AWSBatchServiceRole"],
        ["instance", "ecsInstanceRole"],
      ],
    );
  });

  it("refuses any other text, and names the place", () => {
    for (const [text, complaint] of [
      ["", /batch-1\.json is empty\. Expected the output of: aws batch describe-/],
      ["no json", /batch-1\.json is not JSON \(line 1/],
      ["{}", /none of computeEnvironments, jobDefinitions, jobQueues/],
      ['{"jobQueues": 7}', /expected array, received number, at jobQueues/],
      ['{"jobQueues": [{"jobQueueName": "high"}]}', /jobQueues\[0\] has no name, or no ARN in jobQueueArn/],
    ] as const) {
      assert.throws(() => read(text), complaint);
    }
  });
});
