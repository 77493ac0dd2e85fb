import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, beforeEach, it } from "node:test";
import { promisify } from "node:util";
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobQueuesCommand,
} from "@aws-sdk/client-batch";
import {
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  DeleteRoleCommand,
  DeleteServiceLinkedRoleCommand,
  GetRoleCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { clientSettings } from "@drift-guard/local/client";
import { installEmulators } from "@drift-guard/local/emulators/python";
import { SlrDeletePlanOutput, SlrStatusOutput } from "drift-guard/output/slr";
import { account, trustOf } from "../builders.ts";
import { withEmulators } from "../local/emulated-suite.ts";
import { readOutput } from "./outputs.ts";
import { type Run, runCli, unwrap } from "./process.ts";

const run = promisify(execFile);
const name = "AWSServiceRoleForBatch";
const arn = `arn:aws:iam::${account}:role/aws-service-role/batch.amazonaws.com/${name}`;
const lookAlike = `arn:aws:iam::${account}:role/${name}`;

// moto applies every change at once, and its deletions always succeed; test/aws and test/guard cover the rest.
withEmulators("slr on an account of emulators", (services) => {
  let state = "";
  let iam: IAMClient;
  let batches: ReadonlyMap<string, BatchClient>;

  before(() => {
    const settings = clientSettings(services().recorder.endpoint);
    iam = new IAMClient(settings);
    batches = new Map(
      ["eu-west-1", "us-east-1"].map((region) => [region, new BatchClient({ ...settings, region })]),
    );
  });
  after(() => {
    iam.destroy();
    for (const batch of batches.values()) batch.destroy();
  });
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), "drift-guard-slr-"));
    await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName: name })).catch(() => {});
  });

  const environment = () => ({
    AWS_ENDPOINT_URL: services().recorder.endpoint,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_REGION: "us-east-1",
    AWS_MAX_ATTEMPTS: "1",
    XDG_STATE_HOME: state,
  });
  const slr = (...args: readonly string[]): Promise<Run> => runCli(["slr", ...args], { env: environment() });
  const make = () => iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: "batch.amazonaws.com" }));
  const batchOf = (region: string): BatchClient => {
    const batch = batches.get(region);
    assert.ok(batch);
    return batch;
  };
  const isThere = () =>
    iam.send(new GetRoleCommand({ RoleName: name })).then(
      () => true,
      () => false,
    );
  const addEnvironment = (region: string, computeEnvironmentName: string, serviceRole = arn) =>
    batchOf(region).send(
      new CreateComputeEnvironmentCommand({
        computeEnvironmentName,
        type: "UNMANAGED",
        state: "ENABLED",
        serviceRole,
      }),
    );
  const addQueue = (region: string, jobQueueName: string, ...names: readonly string[]) =>
    batchOf(region).send(
      new CreateJobQueueCommand({
        jobQueueName,
        priority: 1,
        state: "ENABLED",
        computeEnvironmentOrder: names.map((environmentName, order) => ({
          order,
          computeEnvironment: `arn:aws:batch:${region}:${account}:compute-environment/${environmentName}`,
        })),
      }),
    );

  it("reports an absent role, creates it, describes it, and reports that nothing uses it", async () => {
    const absent = await slr("status");
    assert.equal(absent.code, 0, absent.stderr);
    assert.match(absent.stdout, /does not exist, and is not required/);

    const created = await slr("create");
    assert.equal(created.code, 0, created.stderr);
    assert.match(created.stdout, /Created AWSServiceRoleForBatch/);
    assert.match((await slr("create")).stdout, /already exists. Nothing was changed/);

    const described = await slr("describe", "Batch's own");
    assert.equal(described.code, 0, described.stderr);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: name }));
    assert.equal(Role?.Description, "Batch's own");
    assert.match((await slr("describe", "Batch's own")).stdout, /The description is already set/);

    const unused = await slr("status");
    assert.equal(unused.code, 0, unused.stderr);
    assert.match(unused.stdout, /exists, and nothing uses it/);
    assert.match(unused.stdout, /This is a note, not drift/);
  });

  it("deletes an unused role, and saves the task in the state file", async () => {
    await make();
    const without = await slr("delete");
    assert.equal(without.code, 2);
    assert.match(unwrap(without.stderr), /Nothing was changed.*--yes/);
    assert.ok(await isThere());

    const deleted = await slr("delete", "--yes");
    assert.equal(deleted.code, 0, deleted.stderr);
    assert.match(deleted.stdout, /IAM accepted the deletion/);
    assert.match(deleted.stdout, /succeeded/);
    assert.match(deleted.stdout, /AWSServiceRoleForBatch is deleted/);
    assert.ok(!(await isThere()));
    const file = join(state, "drift-guard", "deletions.json");
    assert.match(await readFile(file, "utf8"), /"status": "SUCCEEDED"/);
    assert.match((await slr("status")).stdout, /The deletion requested at [\s\S]*\ssucceeded\./);
    assert.match((await slr("delete", "--yes")).stdout, /nothing to delete/);
  });

  it("prints IAM's reason for a denied deletion", async () => {
    await make();
    const end = services().recorder.refuse(({ action }) =>
      action === "DeleteServiceLinkedRole"
        ? { code: "AccessDenied", message: "with an explicit deny in a service control policy" }
        : undefined,
    );
    const { code, stderr } = await slr("delete", "--yes");
    end();
    assert.equal(code, 2);
    assert.match(
      unwrap(stderr),
      /IAM refused iam:DeleteServiceLinkedRole.*explicit deny in a service control policy/,
    );
    assert.ok(await isThere());
  });

  it("reports a role with the same name at another path, and neither deletes it nor creates one", async () => {
    const role = { RoleName: name, AssumeRolePolicyDocument: trustOf("batch.amazonaws.com") };
    await iam.send(new CreateRoleCommand(role));
    for (const args of [["status"], ["delete-plan"], ["delete", "--yes"], ["create"], ["describe", "x"]]) {
      const { code, stdout, stderr } = await slr(...args);
      assert.equal(code, 1, stderr);
      assert.match(stdout, /another (?:role|path)/, args[0]);
    }
    await iam.send(new DeleteRoleCommand({ RoleName: name }));
  });

  it("reports an unread region, and does not treat it as unused", async () => {
    await make();
    const end = services().recorder.refuse(({ service, region }) =>
      service === "batch" && region === "eu-west-1"
        ? { code: "AccessDeniedException", message: "not in this region" }
        : undefined,
    );
    const status = await slr("status", "--json");
    const plan = await slr("delete-plan");
    const script = await slr("delete-plan", "--script");
    end();
    assert.equal(status.code, 2, status.stderr);
    assert.equal(readOutput(SlrStatusOutput, status.stdout).standing, "present");
    assert.equal(plan.code, 2);
    assert.match(plan.stdout, /eu-west-1 could not be read, so the plan is incomplete/);
    assert.equal(script.code, 2);
    assert.match(script.stdout, /^echo 'Incomplete: [^\n]*eu-west-1[^\n]*\nexit 1$/m);
  });

  it("plans the deletion by region, refuses it while the role is used, and prints a script that carries it out", async () => {
    await make();
    const other = `arn:aws:iam::${account}:role/Own`;
    const trust = { AssumeRolePolicyDocument: trustOf("batch.amazonaws.com") };
    await iam.send(new CreateRoleCommand({ RoleName: "Own", ...trust }));
    await addEnvironment("eu-west-1", "alone");
    await addEnvironment("us-east-1", "linked");
    await addEnvironment("us-east-1", "own", other);
    await addQueue("eu-west-1", "only", "alone");
    await addQueue("us-east-1", "mixed", "linked", "own");
    await addQueue("us-east-1", "apart", "own");

    const status = await slr("status");
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /eu-west-1\s+ENABLED\s+VALID\s+alone/);
    assert.match(status.stdout, /us-east-1\s+ENABLED\s+VALID\s+linked/);
    assert.doesNotMatch(status.stdout, /\bown\b/);

    const refused = await slr("delete", "--yes");
    assert.equal(refused.code, 1, refused.stderr);
    assert.match(refused.stdout, /Nothing was changed: 2 compute environments use AWSServiceRoleForBatch/);
    assert.ok(await isThere());

    const planned = await slr("delete-plan", "--json");
    const plan = readOutput(SlrDeletePlanOutput, planned.stdout);
    assert.equal(plan.changed, false);
    assert.equal(plan.complete, true);
    assert.deepEqual(
      plan.steps.map((each) => [
        each.step,
        ...("region" in each ? [each.region] : []),
        ...("queue" in each ? [each.queue] : []),
        ...("environment" in each ? [each.environment] : []),
        ...("keeps" in each ? [each.keeps] : []),
      ]),
      [
        ["disable-queue", "eu-west-1", "only"],
        ["delete-queue", "eu-west-1", "only"],
        ["disable-environment", "eu-west-1", "alone"],
        ["delete-environment", "eu-west-1", "alone"],
        ["detach-queue", "us-east-1", "mixed", ["own"]],
        ["disable-environment", "us-east-1", "linked"],
        ["delete-environment", "us-east-1", "linked"],
        ["delete-role"],
      ],
    );
    const printed = await slr("delete-plan");
    assert.equal(printed.code, 0, printed.stderr);
    assert.match(printed.stdout, /Plan to delete AWSServiceRoleForBatch\. Nothing was changed/);
    assert.match(
      printed.stdout,
      /Disable the compute environment alone.\n.*--state DISABLED\n.*wait until its state/s,
    );
    assert.ok(await isThere(), "a plan changes nothing");

    const { stdout: script } = await slr("delete-plan", "--script");
    const ran = await runScript(script);
    assert.match(ran, /The role AWSServiceRoleForBatch is deleted\./);
    assert.ok(!(await isThere()));
    assert.deepEqual(await namesOf("eu-west-1"), { environments: [], queues: {} });
    assert.deepEqual(await namesOf("us-east-1"), {
      environments: ["own"],
      queues: { apart: ["own"], mixed: ["own"] },
    });
  });

  it("scans every region that the account has enabled, and names the others", async () => {
    const { code, stdout, stderr } = await slr("status", "--json");
    assert.equal(code, 0, stderr);
    const { regions, notEnabled } = readOutput(SlrStatusOutput, stdout);
    const names = regions.map(({ region }) => region);
    for (const region of ["ap-south-1", "eu-west-1", "us-west-2"]) assert.ok(names.includes(region));
    assert.ok(!names.includes("cn-north-1"));
    assert.ok(notEnabled.includes("af-south-1") && !names.includes("af-south-1"));
  });

  it("reports that the role is required if it is absent and an environment needs it", async () => {
    await make();
    await addEnvironment("eu-west-1", "orphan");
    await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName: name }));
    const { code, stdout, stderr } = await slr("status");
    assert.equal(code, 1, stderr);
    assert.match(stdout, /does not exist, and is required/);
    assert.match(stdout, /drift-guard slr create/);
  });

  it("does not count an environment that uses another role with the same name", async () => {
    const role = { RoleName: name, AssumeRolePolicyDocument: trustOf("batch.amazonaws.com") };
    await iam.send(new CreateRoleCommand(role));
    await addEnvironment("us-east-1", "misled", lookAlike);
    const { stdout } = await slr("status", "--json");
    const { standing, regions } = readOutput(SlrStatusOutput, stdout);
    assert.equal(standing, "name-taken");
    const found = regions.flatMap((region) => (region.status === "read" ? region.environments : []));
    assert.ok(!found.some(({ name: environmentName }) => environmentName === "misled"));
    await iam.send(new DeleteRoleCommand({ RoleName: name }));
  });

  async function runScript(script: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "drift-guard-script-"));
    const python = await installEmulators();
    const cli = join(import.meta.dirname, "aws.py");
    await writeFile(join(folder, "aws"), `#!/bin/sh\nexec '${python.executable}' '${cli}' "$@"\n`, {
      mode: 0o755,
    });
    await writeFile(join(folder, "delete.sh"), script);
    const { stdout } = await run("sh", [join(folder, "delete.sh")], {
      env: {
        ...environment(),
        ...python.env,
        PAUSE_SECONDS: "0",
        PATH: [folder, process.env.PATH].join(delimiter),
      },
    });
    return stdout;
  }

  async function namesOf(region: string) {
    const batch = batchOf(region);
    const { computeEnvironments = [] } = await batch.send(new DescribeComputeEnvironmentsCommand({}));
    const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({}));
    return {
      environments: computeEnvironments.map(({ computeEnvironmentName }) => computeEnvironmentName),
      queues: Object.fromEntries(
        jobQueues
          .map(
            ({ jobQueueName, computeEnvironmentOrder = [] }) =>
              [
                jobQueueName ?? "",
                computeEnvironmentOrder.map((each) => each.computeEnvironment?.split("/").at(-1)),
              ] as const,
          )
          .toSorted(([a], [b]) => a.localeCompare(b)),
      ),
    };
  }
});
