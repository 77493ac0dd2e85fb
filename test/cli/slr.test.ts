import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import {
  SlrCreateOutput,
  SlrDeleteOutput,
  SlrDeletePlanOutput,
  SlrDescribeOutput,
  SlrStatusOutput,
} from "drift-guard/output/slr";
import { type Answer, type Call, json, jsonFault, refusal, xml } from "../aws/responder.ts";
import { account, trustOf } from "../builders.ts";
import { identifyCaller, runLive } from "./live-account.ts";
import { readOutput } from "./outputs.ts";
import { type Run, unwrap, writeTemporary } from "./process.ts";

const name = "AWSServiceRoleForBatch";
const path = "/aws-service-role/batch.amazonaws.com/";
const arn = `arn:aws:iam::${account}:role${path}${name}`;
const taskId = `task/aws-service-role/batch.amazonaws.com/${name}/6c1eed73-00ee-4810-8009-c9ce5990c100`;
const failed = (inside = "") => `<Status>FAILED</Status>${inside}`;
const usage = (region: string, resource: string) =>
  `<Reason><Reason>still in use</Reason><RoleUsageList><member><Region>${region}</Region><Resources><member>${resource}</member></Resources></member></RoleUsageList></Reason>`;

describe("slr delete --yes", () => {
  it("follows the deletion through its states and prints each once", async () => {
    const { code, stdout, stderr } = await deleteWith(
      "<Status>NOT_STARTED</Status>",
      "<Status>IN_PROGRESS</Status>",
      "<Status>IN_PROGRESS</Status>",
      "<Status>SUCCEEDED</Status>",
    );
    assert.equal(code, 0, stderr);
    const said = stdout.replace(/\s+/g, " ");
    assert.match(
      said,
      /has not started\..* is in progress\..* succeeded\..*AWSServiceRoleForBatch is deleted/,
    );
    assert.equal(said.split("is in progress").length, 2);
  });

  it("prints IAM's reason, the resources it names by region, and the next command", async () => {
    const { code, stdout, stderr } = await deleteWith(failed(usage("eu-west-1", "compute-environment/ce")));
    assert.equal(code, 1, stderr);
    assert.match(stdout, /failed: still in use/);
    assert.match(stdout, /Still uses it, according to IAM:\n {2}eu-west-1\n {4}compute-environment\/ce\n/);
    assert.match(stdout, /IAM may not name all of\sthem/);
    assert.match(stdout, /npx drift-guard slr delete --yes --role AWSServiceRoleForBatch/);
  });

  it("says that IAM gave neither reason nor resources", async () => {
    const { code, stdout } = await deleteWith(failed());
    assert.equal(code, 1);
    assert.match(stdout, /failed, and IAM gave no reason/);
    assert.match(stdout, /IAM does not name what uses it\. Scan every region/);
  });

  it("prints what its own scan finds beside IAM's list", async () => {
    iam.environments = [];
    iam.onDelete = () => {
      iam.environments = [
        { computeEnvironmentName: "late", type: "MANAGED", state: "ENABLED", status: "VALID" },
      ];
    };
    const { code, stdout } = await deleteWith(failed());
    assert.equal(code, 1);
    assert.match(stdout, /Still uses it, according to the scan:\n {2}late in us-east-1 \(ENABLED, VALID\)/);
  });

  it("stops polling after --for seconds, and follows the same task when run again", async () => {
    iam.statuses = ["<Status>IN_PROGRESS</Status>"];
    const first = await slr("delete", "--yes", "--every", "0", "--for", "0");
    assert.equal(first.code, 2, first.stderr);
    assert.match(first.stdout, /The deletion has not ended and continues in AWS/);

    const meanwhile = await slr("status", "--json");
    assert.deepEqual(readOutput(SlrStatusOutput, meanwhile.stdout).deletion?.last, { status: "IN_PROGRESS" });

    iam.statuses = ["<Status>SUCCEEDED</Status>"];
    iam.exists = false;
    const second = await slr("delete", "--yes", "--every", "0");
    assert.equal(second.code, 0, second.stderr);
    assert.match(second.stdout, /An earlier deletion has not ended; following it/);
    assert.equal(iam.deletions, 1);
  });

  it("requests the deletion again if IAM forgot the task and the role still exists", async () => {
    iam.statuses = ["<Status>IN_PROGRESS</Status>"];
    await slr("delete", "--yes", "--every", "0", "--for", "0");
    iam.statuses = ["unknown", "<Status>SUCCEEDED</Status>"];
    const { code, stdout, stderr } = await slr("delete", "--yes", "--every", "0");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /is no longer known to IAM/);
    assert.equal(iam.deletions, 2);
  });

  it("requests the deletion again after a failed one", async () => {
    await deleteWith(failed());
    const { code } = await deleteWith("<Status>SUCCEEDED</Status>");
    assert.equal(code, 0);
    assert.equal(iam.deletions, 2);
  });

  it("goes on polling after IAM was too busy to answer", async () => {
    const { code, stdout } = await deleteWith("busy", "<Status>SUCCEEDED</Status>");
    assert.equal(code, 0);
    assert.match(stdout, /could not be read/);
  });

  it("prints one JSON document with --json", async () => {
    iam.statuses = [failed(usage("eu-west-1", "compute-environment/ce"))];
    const { code, stdout } = await slr("delete", "--yes", "--every", "0", "--json");
    assert.equal(code, 1);
    const { outcome, deletion, exitCode } = readOutput(SlrDeleteOutput, stdout);
    assert.equal(outcome, "failed");
    assert.equal(exitCode, 1);
    assert.equal(deletion?.taskId, taskId);
    assert.deepEqual(deletion?.last, {
      status: "FAILED",
      reason: "still in use",
      usage: [{ region: "eu-west-1", resources: ["compute-environment/ce"] }],
    });
  });

  it("changes nothing without --yes or with wrong arguments", async () => {
    for (const [args, complaint] of [
      [["delete"], /Nothing was changed/],
      [["delete", "--yes", "--every", "soon"], /--every takes seconds/],
      [["delete", "--yes", "--role", "Own"], /Own is not a service-linked role of AWS Batch/],
      [["delete", "--yes", "--regions", "nowhere"], /nowhere is not a region/],
      [["remove"], /slr has no subcommand remove/],
      [[], /slr needs a subcommand: status/],
    ] as const) {
      const { code, stderr } = await slr(...args);
      assert.equal(code, 2);
      assert.match(unwrap(stderr), complaint);
    }
    assert.equal(iam.deletions, 0);
  });

  it("does not ask IAM while the role is used, unless --even-if-used is given", async () => {
    iam.environments = [{ computeEnvironmentName: "ce", type: "MANAGED", state: "ENABLED", status: "VALID" }];
    const refused = await slr("delete", "--yes", "--json");
    assert.equal(refused.code, 1, refused.stderr);
    const { outcome, why } = readOutput(SlrDeleteOutput, refused.stdout);
    assert.equal(outcome, "not submitted");
    assert.match(why, /1 compute environment uses AWSServiceRoleForBatch.*ce in us-east-1/);
    assert.equal(iam.deletions, 0);

    iam.statuses = [failed(usage("us-east-1", "compute-environment/ce"))];
    const asked = await slr("delete", "--yes", "--even-if-used", "--every", "0");
    assert.equal(asked.code, 1, asked.stderr);
    assert.match(asked.stdout, /still in use/);
    assert.equal(iam.deletions, 1);
  });

  it("does not ask IAM if the state file cannot be written", async () => {
    const file = join(state, "file");
    await writeFile(file, "");
    const { code, stderr } = await slr("delete", "--yes", "--state", join(file, "deletions.json"));
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /deletions\.json cannot be (?:read|written)/);
    assert.equal(iam.deletions, 0);
  });

  it("does not overwrite a file that is not a state file", async () => {
    const file = join(state, "mine.json");
    await writeFile(file, '{"notes": []}');
    const { code, stderr } = await slr("delete", "--yes", "--state", file);
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /mine\.json is not a file of deletions/);
    assert.equal(await readFile(file, "utf8"), '{"notes": []}');
    assert.equal(iam.deletions, 0);
  });
});

describe("slr delete-plan of the role for SageMaker", () => {
  it("detaches queues from service environments, then disables and deletes those", async () => {
    const { code, stdout, stderr } = await slr(
      "delete-plan",
      "--role",
      "AWSServiceRoleForAWSBatchWithSagemaker",
      "--json",
    );
    assert.equal(code, 0, stderr);
    const { steps } = readOutput(SlrDeletePlanOutput, stdout);
    assert.deepEqual(
      steps.map((each) => [
        each.step,
        "queue" in each ? each.queue : "environment" in each ? each.environment : undefined,
      ]),
      [
        ["disable-queue", "training"],
        ["delete-queue", "training"],
        ["disable-environment", "sagemaker"],
        ["delete-environment", "sagemaker"],
        ["delete-role", undefined],
      ],
    );
    assert.match(
      steps[2]?.command.join(" ") ?? "",
      /update-service-environment .*--service-environment sagemaker/,
    );
  });
});

describe("slr create and slr describe", () => {
  it("print what they changed as JSON", async () => {
    iam.exists = false;
    const created = await slr("create", "--json");
    assert.equal(created.code, 0, created.stderr);
    assert.equal(readOutput(SlrCreateOutput, created.stdout).created, true);
    const nowhere = await slr("describe", "Batch's own", "--json");
    assert.equal(nowhere.code, 1, nowhere.stderr);
    assert.equal(readOutput(SlrDescribeOutput, nowhere.stdout).changed, false);

    iam.exists = true;
    const again = await slr("create", "--json");
    assert.equal(readOutput(SlrCreateOutput, again.stdout).created, false);
    const described = await slr("describe", "Batch's own", "--json");
    assert.equal(described.code, 0, described.stderr);
    const { changed, description } = readOutput(SlrDescribeOutput, described.stdout);
    assert.deepEqual([changed, description], [true, "Batch's own"]);
  });
});

// Regions that are not enabled answer as these reports say, and so do enabled ones to tokens of the global STS endpoint:
// rebuy-de/aws-nuke#1062 (eu-south-1), aws/aws-sdk-java#2313 (ap-east-1), pulumi/pulumi-aws#2406 (ap-southeast-4).
const tokenFault = jsonFault(
  "UnrecognizedClientException",
  "The security token included in the request is invalid",
  403,
);

describe("the regions of slr", () => {
  it("are all that the account has enabled, by default", async () => {
    iam.faults.set("me-south-1", tokenFault);
    const { code, stdout, stderr } = await slr("status", "--json");
    assert.equal(code, 0, stderr);
    const { standing, regions, notEnabled, leftOut } = readOutput(SlrStatusOutput, stdout);
    assert.equal(standing, "unused");
    assert.deepEqual(
      regions.map(({ region }) => region),
      ["eu-south-1", "us-east-1"],
    );
    assert.ok(notEnabled.includes("me-south-1"));
    assert.deepEqual(leftOut, []);
    const plain = await slr("delete-plan");
    assert.match(
      unwrap(plain.stdout),
      /Not enabled in this account, so that nothing there can use the role: .*me-south-1/,
    );
  });

  it("may be fewer, which is said, and then the role is not unused", async () => {
    const { stdout } = await slr("status", "--regions", "us-east-1", "--json");
    const { standing, leftOut } = readOutput(SlrStatusOutput, stdout);
    assert.deepEqual([standing, leftOut], ["present", ["eu-south-1"]]);
    const plain = await slr("status", "--regions", "us-east-1");
    assert.match(
      unwrap(plain.stdout),
      /Whether compute environments use it is unknown.*Not scanned: eu-south-1\./,
    );
    const plan = await slr("delete-plan", "--regions", "us-east-1", "--json");
    assert.equal(readOutput(SlrDeletePlanOutput, plan.stdout).complete, false);
    const { stdout: script } = await slr("delete-plan", "--regions", "us-east-1", "--script");
    assert.match(
      script,
      /^echo 'Incomplete: 1 region of the partition not scanned: eu-south-1\.[^\n]*\nexit 1$/m,
    );
  });

  it("that are enabled and refuse the token are unread, never empty", async () => {
    iam.faults.set("eu-south-1", tokenFault);
    const { code, stdout } = await slr("status", "--json");
    assert.equal(code, 2);
    const { standing, regions } = readOutput(SlrStatusOutput, stdout);
    assert.equal(standing, "present");
    const [first] = regions;
    assert.match(first?.status === "unread" ? first.why : "", /UnrecognizedClient.*global STS endpoint/);
  });

  it("are listed by ec2:DescribeRegions if account:ListRegions is denied (T15)", async () => {
    iam.regions = jsonFault("AccessDeniedException", "not authorized to perform: account:ListRegions", 403);
    iam.described = `<DescribeRegionsResponse><regionInfo>${listBatchRegions("aws")
      .map((region) => {
        const status = region === "us-east-1" ? "opt-in-not-required" : "not-opted-in";
        return `<item><regionName>${region}</regionName><optInStatus>${status}</optInStatus></item>`;
      })
      .join("")}</regionInfo></DescribeRegionsResponse>`;
    const { code, stdout } = await slr("status", "--json");
    assert.equal(code, 0);
    const { standing, regions, unlisted } = readOutput(SlrStatusOutput, stdout);
    assert.deepEqual(
      regions.map(({ region }) => region),
      ["us-east-1"],
    );
    assert.deepEqual([standing, unlisted], ["unused", undefined]);
  });

  it("are scanned too if a configuration names them, and a configuration that cannot be read stops the command", async () => {
    const config = await writeTemporary(
      "config.json",
      JSON.stringify({ roles: {}, regions: { batch: ["eu-new-1", "me-south-1"] } }),
    );
    const { code, stdout } = await slr("status", "--config", config, "--json");
    assert.equal(code, 0);
    assert.deepEqual(
      readOutput(SlrStatusOutput, stdout).regions.map(({ region }) => region),
      ["eu-new-1", "eu-south-1", "us-east-1"],
    );
    for (const subcommand of ["status", "create"]) {
      const broken = await slr(subcommand, "--config", `${config}.absent`);
      assert.equal(broken.code, 2);
      assert.match(broken.stderr, /There is no file .*config\.json\.absent/);
    }
  });

  for (const [what, args] of [
    ["left out", ["--regions", "us-east-1"]],
    ["unread", []],
  ] as const) {
    it(`that are ${what} may need a role that does not exist`, async () => {
      iam.exists = false;
      if (what === "unread") iam.faults.set("eu-south-1", tokenFault);
      const { stdout } = await slr("status", ...args);
      assert.match(stdout, /^AWSServiceRoleForBatch {2}does not exist, and may be required$/m);
      assert.doesNotMatch(unwrap(stdout), /Its absence is not drift/);
    });
  }

  it("that cannot be listed are all tried, which is said", async () => {
    iam.regions = jsonFault("AccessDeniedException", "not authorized to perform: account:ListRegions", 403);
    iam.faults.set("me-south-1", tokenFault);
    const { code, stdout } = await slr("status", "--json");
    assert.equal(code, 2);
    const { regions, unlisted } = readOutput(SlrStatusOutput, stdout);
    assert.ok(regions.length > 30);
    assert.equal(regions.find(({ region }) => region === "me-south-1")?.status, "unread");
    assert.match(unlisted ?? "", /account:ListRegions/);
    const deletion = await slr("delete", "--yes", "--json");
    assert.equal(deletion.code, 2);
    assert.match(readOutput(SlrDeleteOutput, deletion.stdout).why, /Whether they are enabled is unknown/);
    assert.equal(iam.deletions, 0);
  });
});

describe("slr delete --yes without --force", () => {
  for (const { doubt, args, code, why } of [
    { doubt: "left-out", args: ["--regions", "us-east-1"], code: 2, why: /not scanned: eu-south-1/ },
    { doubt: "unread", args: [], code: 2, why: /1 region could not be read: eu-south-1/ },
    { doubt: "recent", args: [], code: 1, why: /last used at .*a session may be active/ },
  ]) {
    it(`stops at a ${doubt} ${doubt === "recent" ? "use" : "region"}, and goes on with --force`, async () => {
      if (doubt === "unread") iam.faults.set("eu-south-1", tokenFault);
      if (doubt === "recent") iam.lastUsed = new Date(Date.now() - 3_600_000);
      iam.statuses = ["<Status>SUCCEEDED</Status>"];
      const stopped = await slr("delete", "--yes", ...args, "--json");
      assert.equal(stopped.code, code, stopped.stderr);
      const outcome = readOutput(SlrDeleteOutput, stopped.stdout);
      assert.equal(outcome.outcome, "not submitted");
      assert.match(outcome.why, why);
      assert.match(outcome.why, /--force asks IAM anyway/);
      assert.equal(outcome.doubts?.length, 1);
      assert.equal(iam.deletions, 0);
      const forced = await slr("delete", "--yes", "--force", ...args, "--every", "0");
      assert.equal(forced.code, 0, forced.stderr);
      assert.match(unwrap(forced.stdout), why);
      assert.equal(iam.deletions, 1);
    });
  }
});

describe("a denied call of slr", () => {
  const denials = [
    { args: ["create"], actions: ["iam:CreateServiceLinkedRole"] },
    { args: ["describe", "Batch's own"], actions: ["iam:UpdateRoleDescription"] },
    {
      args: ["delete", "--yes"],
      actions: ["iam:DeleteServiceLinkedRole", "iam:GetServiceLinkedRoleDeletionStatus"],
    },
  ] as const;
  for (const { args, actions } of denials) {
    it(`prints the statement to ask for: ${args[0]} (T16)`, async () => {
      iam.exists = args[0] !== "create";
      iam.denied = /^(?:Create|Delete)ServiceLinkedRole|^UpdateRole/;
      iam.partition = "aws-cn";
      const { code, stderr } = await slr(...args);
      assert.equal(code, 2);
      assert.equal(iam.deletions, 0);
      const statement = stderr.slice(stderr.indexOf("\n{"));
      assert.deepEqual(JSON.parse(statement), {
        Effect: "Allow",
        Action: actions,
        Resource: `arn:aws-cn:iam::*:role${path}${name}`,
        Condition: { StringLike: { "iam:AWSServiceName": "batch.amazonaws.com" } },
      });
      assert.doesNotMatch(unwrap(stderr), /not enough/);
    });
  }

  it("prints it for a deletion whose status may not be read", async () => {
    iam.denied = /^GetServiceLinkedRoleDeletionStatus/;
    const { stderr } = await slr("delete", "--yes", "--every", "0");
    assert.match(unwrap(stderr), /"iam:GetServiceLinkedRoleDeletionStatus" \], "Resource": "arn:aws:iam/);
  });

  it("says that an explicit deny needs more than the statement", async () => {
    iam.denied = /^DeleteServiceLinkedRole/;
    iam.denial = "with an explicit deny in a service control policy";
    const { stderr } = await slr("delete", "--yes");
    assert.match(
      unwrap(stderr),
      /explicit deny in a service control policy.*this statement alone is not enough/,
    );
  });
});

/** An account with one role, whose deletions go through the given states; no emulator can do that. */
const fresh = () => ({
  exists: true,
  statuses: [] as string[],
  deletions: 0,
  partition: "aws",
  lastUsed: undefined as Date | undefined,
  denied: undefined as RegExp | undefined,
  denial: "because no identity-based policy allows the action",
  regions: json({
    Regions: [
      { RegionName: "eu-south-1", RegionOptStatus: "ENABLED" },
      { RegionName: "us-east-1", RegionOptStatus: "ENABLED_BY_DEFAULT" },
      ...["aws", "aws-cn"]
        .flatMap(listBatchRegions)
        .filter((region) => region !== "eu-south-1" && region !== "us-east-1")
        .map((RegionName) => ({ RegionName, RegionOptStatus: "DISABLED" })),
    ],
  }),
  /** The answer of ec2:DescribeRegions; undefined if it is denied. */
  described: undefined as string | undefined,
  /** Answers of AWS Batch by Region, in place of its own. */
  faults: new Map<string, Answer>(),
  environments: [] as object[],
  onDelete: () => {},
});
let iam = fresh();
let state = "";

beforeEach(async () => {
  iam = fresh();
  state = await mkdtemp(join(tmpdir(), "drift-guard-slr-"));
});
function answer({ action, parameters, region, service }: Call): Answer {
  if (iam.denied?.test(action))
    return refusal("AccessDenied", `not authorized to perform: iam:${action} ${iam.denial}`, 403);
  const fault = service === "batch" ? iam.faults.get(region) : undefined;
  if (fault) return fault;
  switch (action) {
    case "/listRegions":
      return iam.regions;
    case "DescribeRegions":
      return iam.described === undefined
        ? refusal("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)
        : { status: 200, body: iam.described };
    case "GetCallerIdentity":
      return identifyCaller({ action }, iam.partition);
    case "GetRole":
      return iam.exists
        ? xml(action, roleOf(parameters.get("RoleName") ?? ""))
        : refusal("NoSuchEntity", "It cannot be found.", 404);
    case "ListAttachedRolePolicies":
    case "ListRolePolicies":
    case "ListInstanceProfilesForRole":
      return xml(action, "<IsTruncated>false</IsTruncated>");
    case "CreateServiceLinkedRole":
      return xml(action, roleOf(name));
    case "UpdateRole":
    case "UpdateRoleDescription":
      return xml(action, "");
    case "DeleteServiceLinkedRole":
      iam.deletions += 1;
      iam.onDelete();
      return xml(action, `<DeletionTaskId>${taskId}</DeletionTaskId>`);
    case "GetServiceLinkedRoleDeletionStatus":
      return statusOf(action);
    case "/v1/describecomputeenvironments":
      return json({ computeEnvironments: region === "us-east-1" ? iam.environments : [] });
    case "/v1/describeserviceenvironments":
      return json({
        serviceEnvironments:
          region !== "us-east-1"
            ? []
            : [{ serviceEnvironmentName: "sagemaker", state: "ENABLED", status: "VALID" }],
      });
    case "/v1/describejobqueues":
      return json({
        jobQueues: [
          {
            jobQueueName: "training",
            serviceEnvironmentOrder: [
              {
                order: 1,
                serviceEnvironment: `arn:aws:batch:us-east-1:${account}:service-environment/sagemaker`,
              },
            ],
          },
          { jobQueueName: "others", computeEnvironmentOrder: [] },
        ],
      });
    default:
      return refusal("AccessDenied", `${action} is not allowed here`, 403);
  }
}

function statusOf(action: string): Answer {
  const status = iam.statuses.length > 1 ? iam.statuses.shift() : iam.statuses[0];
  if (status === "unknown") return refusal("NoSuchEntity", "no such task", 404);
  if (status === "busy") return refusal("ServiceFailure", "try again", 500);
  if (status?.includes("SUCCEEDED")) iam.exists = false;
  return xml(action, status ?? "");
}

function roleOf(roleName: string): string {
  const place = roleName === name ? path : "/aws-service-role/sagemaker-queuing.batch.amazonaws.com/";
  const own = roleName === name ? arn : `arn:aws:iam::${account}:role${place}${roleName}`;
  const { lastUsed } = iam;
  const use =
    lastUsed && `<RoleLastUsed><LastUsedDate>${lastUsed.toISOString()}</LastUsedDate></RoleLastUsed>`;
  return `<Role><Arn>${own.replace("arn:aws:", `arn:${iam.partition}:`)}</Arn><RoleName>${roleName}</RoleName><RoleId>AROA1</RoleId><Path>${place}</Path><AssumeRolePolicyDocument>${encodeURIComponent(trustOf("batch.amazonaws.com"))}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>${use ?? ""}</Role>`;
}

function deleteWith(...statuses: readonly string[]): Promise<Run> {
  iam.exists = true;
  iam.statuses = [...statuses];
  return slr("delete", "--yes", "--every", "0");
}

function slr(...args: readonly string[]): Promise<Run> {
  return runLive(["slr", ...args], answer, { XDG_STATE_HOME: state });
}
