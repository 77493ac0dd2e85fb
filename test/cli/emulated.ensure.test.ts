import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { clientSettings } from "@drift-guard/local/client";
import { EnsureOutput } from "drift-guard/output/ensure";
import { allow, batchServicePolicy, trustOf } from "../builders.ts";
import { withEmulators } from "../local/emulated-suite.ts";
import { readOutput } from "./outputs.ts";
import { type Run, runCli, unwrap, writeTemporary } from "./process.ts";

const serviceRole = "AWSBatchServiceRole";
const instanceRole = "ecsInstanceRole";
const instancePolicy = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";

withEmulators("ensure on an account of emulators", (services) => {
  let iam: IAMClient;
  let config = "";

  before(async () => {
    iam = new IAMClient(clientSettings(services().recorder.endpoint));
    const roles = { AWSBatchServiceRole: {}, ecsInstanceRole: {} };
    config = await writeTemporary("drift-guard.config.json", JSON.stringify({ roles }));
  });
  after(() => iam.destroy());

  const ensure = (...args: readonly string[]): Promise<Run> =>
    runCli(["ensure", "--config", config, ...args], {
      env: {
        AWS_ENDPOINT_URL: services().recorder.endpoint,
        AWS_ACCESS_KEY_ID: "local",
        AWS_SECRET_ACCESS_KEY: "local",
        AWS_REGION: "us-east-1",
        AWS_MAX_ATTEMPTS: "1",
      },
    });
  const create = (RoleName: string, service: string) =>
    iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustOf(service) }));

  it("prints the steps for a role that does not exist, and changes nothing", async () => {
    const planned = await ensure(serviceRole);
    assert.equal(planned.code, 1, planned.stderr);
    const text = unwrap(planned.stdout);
    assert.match(
      text,
      /1\. iam:CreateRole: create AWSBatchServiceRole at the path \/ Expects: No role of the account is named/,
    );
    assert.match(text, /\+ sts:AssumeRole by Service batch\.amazonaws\.com/);
    assert.match(planned.stdout, /^ {5}aws iam create-role --role-name AWSBatchServiceRole /m);
    assert.match(
      text,
      /2\. iam:AttachRolePolicy: attach arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole/,
    );
    assert.match(text, /Nothing was changed\. To carry out these steps: drift-guard ensure .* --yes/);
    await assert.rejects(iam.send(new GetRoleCommand({ RoleName: serviceRole })));
  });

  it("creates the role with --yes, and finds it clean", async () => {
    const done = await ensure(serviceRole, "--yes");
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(
      unwrap(done.stdout),
      /1\. iam:CreateRole.* Done\. 2\. iam:AttachRolePolicy.* Done\. .*AWSBatchServiceRole clean/,
    );
    const again = await ensure(serviceRole, "--yes", "--json");
    const output = readOutput(EnsureOutput, again.stdout);
    assert.deepEqual([output.changed, output.roles[0]?.groups, output.exitCode], [false, [], 0]);
  });

  it("creates a deleted role again and puts it back into its instance profile", async () => {
    const profile = { InstanceProfileName: instanceRole };
    const role = { RoleName: instanceRole };
    await create(instanceRole, "ec2.amazonaws.com");
    await iam.send(new AttachRolePolicyCommand({ ...role, PolicyArn: instancePolicy }));
    await iam.send(new CreateInstanceProfileCommand(profile));
    await iam.send(new AddRoleToInstanceProfileCommand({ ...profile, ...role }));
    await iam.send(new RemoveRoleFromInstanceProfileCommand({ ...profile, ...role }));
    await iam.send(new DetachRolePolicyCommand({ ...role, PolicyArn: instancePolicy }));
    await iam.send(new DeleteRoleCommand(role));
    const run = await ensure(instanceRole, "--yes", "--json");
    const output = readOutput(EnsureOutput, run.stdout);
    assert.equal(output.exitCode, 0, JSON.stringify(output));
    assert.deepEqual(
      output.roles.flatMap(({ groups }) =>
        groups.flatMap(({ steps }) => steps.map(({ call, outcome }) => [call, outcome?.status])),
      ),
      [
        ["iam:CreateRole", "done"],
        ["iam:AttachRolePolicy", "done"],
        ["iam:AddRoleToInstanceProfile", "done"],
      ],
    );
    const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand(profile));
    assert.deepEqual(
      InstanceProfile?.Roles?.map(({ RoleName }) => RoleName),
      [instanceRole],
    );
  });

  it("carries out no step with a warning unless --force is given", async () => {
    const deny = JSON.parse(allow("ec2:RunInstances"));
    deny.Statement[0].Effect = "Deny";
    const policy = { PolicyName: "stop", PolicyDocument: JSON.stringify(deny) };
    await iam.send(new PutRolePolicyCommand({ RoleName: serviceRole, ...policy }));
    const careful = await ensure(serviceRole, "--yes");
    assert.equal(careful.code, 1, careful.stderr);
    assert.match(
      unwrap(careful.stdout),
      /removes a Deny, which may contain an incident.*run the command again with --force.*Nothing was changed/,
    );
    const forced = await ensure(serviceRole, "--yes", "--force");
    assert.equal(forced.code, 0, forced.stdout + forced.stderr);
  });

  it("attaches what is missing to a role that is found by its ARN", async () => {
    await iam.send(new DetachRolePolicyCommand({ RoleName: serviceRole, PolicyArn: batchServicePolicy }));
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: serviceRole }));
    const done = await ensure(Role?.Arn ?? "", "--yes");
    assert.equal(done.code, 0, done.stdout + done.stderr);
  });

  it("creates the service-linked role by its service", async () => {
    const done = await ensure("AWSServiceRoleForBatch", "--yes");
    assert.equal(done.code, 0, done.stdout + done.stderr);
    assert.match(
      unwrap(done.stdout),
      /1\. iam:CreateServiceLinkedRole: create the service-linked role of batch\.amazonaws\.com .*Done\./,
    );
  });

  it("refuses a role of another account, one without a reference, and --force without --yes", async () => {
    for (const [args, why] of [
      [["arn:aws:iam::999988887777:role/AWSBatchServiceRole"], /is of another account than/],
      [["nobody"], /It is not known what nobody should be/],
      [["--force", serviceRole], /add --yes/],
      [[], /needs a ROLE/],
    ] as const) {
      const refused = await ensure(...args);
      assert.equal(refused.code, 2);
      assert.match(unwrap(refused.stderr), why);
    }
  });
});
