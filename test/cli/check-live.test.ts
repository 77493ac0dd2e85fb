import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listBatchRegions } from "@drift-guard/core/batch/regions";
import { builtInReferences } from "@drift-guard/core/reference/built-in";
import { CheckOutput } from "drift-guard/output/check";
import { type Answer, type Call, json, jsonFault, refusal, xml } from "../aws/responder.ts";
import { account, trustOf } from "../builders.ts";
import { identifyCaller, runLive } from "./live-account.ts";
import { readOutput } from "./outputs.ts";
import { unwrap, writeTemporary } from "./process.ts";

const policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
const arnOf = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const nameOf = (number: number) => `batch-job-${number}`;

// IAM's own pages hold about a hundred roles or policies.
const pageLength = 100;

/** A live account whose job definitions use `count` execution roles. */
interface LiveAccount {
  readonly count: number;
  /** Regions by status, as account:ListRegions answers; undefined if it is denied. */
  readonly regions?: Readonly<Record<string, string>>;
  /** Regions in which AWS Batch is denied. */
  readonly denied?: readonly string[];
  /** Calls to AWS Batch that are denied in every region. */
  readonly deniedCalls?: (call: string) => boolean;
  /** Whether iam:GetAccountAuthorizationDetails is denied. */
  readonly noPages?: boolean;
}

const enabled: ReadonlySet<string> = new Set(["eu-south-1", "us-east-1"]);

function answer(live: LiveAccount, { action, parameters, region }: Call): Answer {
  switch (action) {
    case "GetCallerIdentity":
      return identifyCaller({ action });
    case "/listRegions":
      return live.regions
        ? json({
            Regions: Object.entries(live.regions).map(([RegionName, RegionOptStatus]) => ({
              RegionName,
              RegionOptStatus,
            })),
          })
        : jsonFault("AccessDeniedException", "not authorized to perform: account:ListRegions", 403);
    case "GetAccountAuthorizationDetails":
      if (live.noPages) return refusal("AccessDenied", "no", 403);
      return xml(action, pageOf(live.count, Number(parameters.get("Marker") ?? 0)));
    case "GetRole":
      return parameters.get("RoleName")?.startsWith("batch-job-")
        ? xml(action, `<Role>${roleOf(parameters.get("RoleName") ?? "")}</Role>`)
        : refusal("NoSuchEntity", "no such role", 404);
    case "ListAttachedRolePolicies":
      return xml(
        action,
        `<IsTruncated>false</IsTruncated><AttachedPolicies>${attachment}</AttachedPolicies>`,
      );
    case "ListRolePolicies":
    case "ListInstanceProfilesForRole":
      return xml(action, "<IsTruncated>false</IsTruncated>");
    case "GetPolicy":
      return xml(action, `<Policy><Arn>${policy}</Arn><DefaultVersionId>v1</DefaultVersionId></Policy>`);
    case "GetPolicyVersion":
      return xml(
        action,
        `<PolicyVersion><Document>${encodeURIComponent(documentOf())}</Document></PolicyVersion>`,
      );
  }
  if (!action.startsWith("/v1/")) return jsonFault("AccessDeniedException", "no", 403);
  if (live.denied?.includes(region) || live.deniedCalls?.(action))
    return jsonFault("AccessDeniedException", "not authorized", 403);
  if (action === "/v1/describejobdefinitions" && region === "eu-south-1") {
    return json({ jobDefinitions: Array.from({ length: live.count }, (_, number) => definitionOf(number)) });
  }
  return json({});
}

const attachment = `<member><PolicyName>AmazonECSTaskExecutionRolePolicy</PolicyName><PolicyArn>${policy}</PolicyArn></member>`;

function documentOf(): string {
  const [found] = builtInReferences().flatMap(({ attachments }) =>
    attachments.filter(({ arn }) => arn === policy),
  );
  assert.ok(found);
  return found.document;
}

function roleOf(name: string): string {
  return `<RoleName>${name}</RoleName><RoleId>AROA1</RoleId><Path>/</Path><Arn>${arnOf(name)}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(trustOf("ecs-tasks.amazonaws.com"))}</AssumeRolePolicyDocument>`;
}

function pageOf(count: number, start: number): string {
  const end = Math.min(start + pageLength, count);
  const roles = Array.from(
    { length: end - start },
    (_, index) =>
      `<member>${roleOf(nameOf(start + index))}<AttachedManagedPolicies>${attachment}</AttachedManagedPolicies></member>`,
  );
  const policies = `<member><Arn>${policy}</Arn><DefaultVersionId>v1</DefaultVersionId><PolicyVersionList><member><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><Document>${encodeURIComponent(documentOf())}</Document></member></PolicyVersionList></member>`;
  const next =
    end < count
      ? `<IsTruncated>true</IsTruncated><Marker>${end}</Marker>`
      : "<IsTruncated>false</IsTruncated>";
  return `<RoleDetailList>${roles.join("")}</RoleDetailList><Policies>${start === 0 ? policies : ""}</Policies>${next}`;
}

function definitionOf(number: number): object {
  return {
    jobDefinitionName: `render-${number}`,
    jobDefinitionArn: `arn:aws:batch:eu-south-1:${account}:job-definition/render-${number}:1`,
    revision: 1,
    status: "ACTIVE",
    type: "container",
    containerProperties: { image: "busybox", executionRoleArn: arnOf(nameOf(number)) },
  };
}

const check = (live: LiveAccount, args: readonly string[] = []) =>
  runLive(["check", ...args], (call) => answer(live, call));

const isBatch = (call: string) => call.startsWith("/v1/");

describe("check on a live account", () => {
  it("reads 300 discovered roles in about one call for each hundred", async () => {
    const { code, stdout, stderr, calls } = await check({ count: 300, regions: everyStatus() }, ["--json"]);
    assert.equal(code, 0, stderr);
    const { roles, batch } = readOutput(CheckOutput, stdout);
    assert.equal(roles.filter(({ status }) => status === "clean").length, 300);
    assert.deepEqual(batch[0]?.regions, ["eu-south-1", "us-east-1"]);
    const ofIam = calls.filter(
      (call) => !isBatch(call) && call !== "/listRegions" && call !== "GetCallerIdentity",
    );
    assert.deepEqual(ofIam, Array(3).fill("GetAccountAuthorizationDetails"));
  });

  it("reads AWS Batch in every enabled region without a configuration, and in its regions with one", async () => {
    const all = await check({ count: 1, regions: everyStatus() });
    assert.equal(all.code, 0, all.stderr);
    assert.match(all.stdout, /^AWS Batch \(\S+\) was read in eu-south-1, us-east-1\.$/m);
    assert.equal(all.calls.filter(isBatch).length, 6);
    assert.match(all.stdout, /^batch-job-0 {2}clean$/m);
    const config = await writeTemporary(
      "config.json",
      JSON.stringify({ roles: {}, regions: { batch: ["eu-south-1"] } }),
    );
    const some = await check({ count: 1, regions: everyStatus() }, ["--config", config]);
    assert.match(some.stdout, /was read in eu-south-1\.$/m);
    assert.ok(!some.calls.includes("/listRegions"));
  });

  it("checks a role that AWS Batch uses and no configuration names", async () => {
    const { code, stdout } = await check({ count: 2, regions: everyStatus() }, [arnOf(nameOf(1))]);
    assert.equal(code, 0);
    assert.match(unwrap(stdout), /batch-job-1 clean .*1 of 1 role clean/);
    const other = await check({ count: 2, regions: everyStatus() }, ["Other"]);
    assert.equal(other.code, 2);
    assert.match(
      unwrap(other.stderr),
      /Other is not a watched role\. .*AWS Batch does not use it\. AWS Batch \(\S+\) was read in eu-south-1, us-east-1/,
    );
  });

  it("exits 2 where a region could not be read, and says why", async () => {
    const { code, stdout } = await check({ count: 1, regions: everyStatus(), denied: ["us-east-1"] });
    assert.equal(code, 2);
    assert.match(unwrap(stdout), /Not completely read in us-east-1: .*Allow batch:DescribeJobQueues/);
  });

  it("judges what could be read where a part of AWS Batch is denied, and names every permission to allow", async () => {
    const noQueues = (call: string) => call === "/v1/describejobqueues";
    const { code, stdout } = await check({ count: 1, regions: everyStatus(), deniedCalls: noQueues });
    assert.equal(code, 2);
    assert.match(stdout, /^batch-job-0 {2}clean$/m);
    assert.match(unwrap(stdout), /Not completely read in eu-south-1, us-east-1: .*DescribeJobQueues/);
    const none = await check({ count: 1, regions: everyStatus(), deniedCalls: (call) => isBatch(call) });
    assert.match(unwrap(none.stdout), /Allow batch:DescribeJobQueues.*Allow batch:DescribeJobDefinitions/);
  });

  it("tries every region if they cannot be listed, and says so only where one is unread (T15)", async () => {
    const complete = await check({ count: 1 });
    assert.equal(complete.code, 0);
    assert.doesNotMatch(complete.stdout, /could not be listed/);
    const { code, stdout } = await check({ count: 1, denied: ["me-south-1"] });
    assert.equal(code, 2);
    assert.match(
      unwrap(stdout),
      /regions could not be listed, .* or allow account:ListRegions or ec2:DescribeRegions/,
    );
  });

  it("reads each role by itself if the account's pages are denied", async () => {
    const { code, stdout, calls } = await check({ count: 12, regions: everyStatus(), noPages: true });
    assert.equal(code, 0);
    assert.match(stdout, /12 of 15 roles clean/);
    assert.equal(calls.filter((call) => call === "GetRole").length, 15);
  });
});

/** The regions of the partition: two are enabled. */
function everyStatus(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listBatchRegions("aws").map((region) => [region, enabled.has(region) ? "ENABLED" : "DISABLED"]),
  );
}
