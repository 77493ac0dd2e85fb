import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { ReferenceRefreshOutput } from "drift-guard/output/reference";
import { allow } from "../../builders.ts";
import { referenceOf } from "../../core/watched-roles.ts";
import { readOutput } from "../outputs.ts";
import { runCli, unwrap } from "../process.ts";
import { cleanRoles, printSnapshot, type RoleDetail, rolesWith } from "../snapshots.ts";
import { ownersFolder, readReference, reference, written } from "./owner.ts";

describe("reference refresh", () => {
  const policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
  const withVersion = (
    version: string,
    change: (document: { Statement: { Action: string[] }[] }) => void,
  ) => {
    const snapshot = JSON.parse(printSnapshot(cleanRoles()));
    const detail = snapshot.Policies.find(({ Arn }: { Arn: string }) => Arn === policy);
    detail.DefaultVersionId = version;
    detail.PolicyVersionList[0].VersionId = version;
    change(detail.PolicyVersionList[0].Document);
    return JSON.stringify(snapshot);
  };

  it("reports no change if AWS changed nothing, or only a version number", async () => {
    const { cwd, file } = await ownersFolder(withVersion("v3", () => {}));
    const { code, stdout } = await reference(cwd, "refresh", "--account", file, "--write");
    assert.equal(code, 0);
    assert.match(stdout.replaceAll(/\s+/g, " "), /v3 allows and denies the same as v1/);
    assert.match(unwrap(stdout), /0 changed by AWS, 0 unreadable/);
    assert.deepEqual(await readdir(cwd), ["account.json"]);
  });

  it("prints what AWS changed as grants, and writes it with --write", async () => {
    const { cwd, file } = await ownersFolder(
      withVersion("v2", ({ Statement }) => Statement[0]?.Action.push("logs:CreateLogGroup")),
    );
    const shown = await reference(cwd, "refresh", "--account", file);
    assert.equal(shown.code, 1);
    assert.match(shown.stdout.replaceAll(/\s+/g, " "), /: v1 → v2 .* \+ logs:CreateLogGroup on \*/);
    assert.deepEqual(await readdir(cwd), ["account.json"]);
    const json = ["--write", "--json"];
    const { code, stdout } = await reference(
      cwd,
      "refresh",
      "ecsTaskExecutionRole",
      "--account",
      file,
      ...json,
    );
    assert.equal(code, 1);
    const { policies, files } = readOutput(ReferenceRefreshOutput, stdout);
    assert.deepEqual(
      policies.map(({ status }) => status),
      ["changed"],
    );
    assert.deepEqual(files, [join("references", "ecsTaskExecutionRole.json")]);
    const renewed = await readReference(join(cwd, "references", "ecsTaskExecutionRole.json"));
    assert.equal(renewed.attachments[0]?.version, "v2");
    assert.deepEqual(
      comparePolicies(
        renewed.attachments[0]?.document ?? "",
        referenceOf("ecsTaskExecutionRole").attachments[0]?.document ?? "",
      ).excess.map(({ actions }) => actions),
      [["logs:CreateLogGroup"]],
    );
    assert.equal(renewed.trust, referenceOf("ecsTaskExecutionRole").trust);
  });

  it("writes into the built-in references if it runs in the project", async () => {
    const { cwd, file } = await ownersFolder(
      withVersion("v2", ({ Statement }) => Statement[0]?.Action.push("logs:CreateLogGroup")),
    );
    const folder = join(cwd, "packages", "core", "reference", "built-in");
    await mkdir(folder, { recursive: true });
    await writeFile(join(dirname(folder), "built-in.ts"), "");
    await writeFile(join(folder, "execution.json"), await written("ecsTaskExecutionRole"));
    await reference(cwd, "refresh", "--account", file, "--write");
    assert.deepEqual(await readdir(folder), ["execution.json"]);
    assert.equal((await readReference(join(folder, "execution.json"))).attachments[0]?.version, "v2");
  });

  it("reports a lower version even if it allows the same", async () => {
    const snapshot = JSON.parse(printSnapshot(cleanRoles()));
    const arn = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
    const detail = snapshot.Policies.find(({ Arn }: { Arn: string }) => Arn === arn);
    detail.DefaultVersionId = "v11";
    detail.PolicyVersionList[0].VersionId = "v11";
    const { cwd, file } = await ownersFolder(JSON.stringify(snapshot));
    const { code, stdout } = await reference(cwd, "refresh", "AWSBatchServiceRole", "--account", file);
    assert.equal(code, 1);
    assert.match(stdout.replaceAll(/\s+/g, " "), /v12 → v11 AWS returned to v11/);
    const check = await runCli(["check", "AWSBatchServiceRole", "--account", file], { cwd });
    assert.equal(check.code, 0);
    assert.match(check.stdout, /INFORMATIONAL[\s\S]*AWS returned to v11; the reference has v12/);
  });

  it("does not report a version that the references know, and says what to add to the configuration for others (T17)", async () => {
    const arn = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
    const withActions = (version: string, ...actions: readonly string[]) => {
      const snapshot = JSON.parse(printSnapshot(cleanRoles()));
      const detail = snapshot.Policies.find(({ Arn }: { Arn: string }) => Arn === arn);
      detail.DefaultVersionId = version;
      detail.PolicyVersionList[0].VersionId = version;
      const { Statement } = detail.PolicyVersionList[0].Document;
      Statement.push({ Effect: "Allow", Action: actions, Resource: "*" });
      return JSON.stringify(snapshot);
    };
    const v13 = ["autoscaling:DescribeScalingActivities", "ec2:DescribeSpotFleetRequestHistory"];
    const known = await ownersFolder(withActions("v13", ...v13));
    const args = ["AWSBatchServiceRole", "--account", known.file];
    const same = await reference(known.cwd, "refresh", ...args, "--write");
    assert.equal(same.code, 0);
    assert.match(
      unwrap(same.stdout),
      /v13 is newer than v12, and allows nothing that the reference does not know/,
    );
    assert.deepEqual(await readdir(known.cwd), ["account.json"]);
    const clean = await runCli(["check", ...args], { cwd: known.cwd });
    assert.deepEqual([clean.code, clean.stdout.includes("vendor-change")], [0, false]);

    const { cwd, file } = await ownersFolder(withActions("v14", ...v13, "ec2:DescribeImageUsageReports"));
    const told = await runCli(["check", "AWSBatchServiceRole", "--account", file], { cwd });
    assert.equal(told.code, 0);
    assert.match(
      unwrap(told.stdout),
      /AWS published v14; the newest version before it that the guard knows is v13/,
    );
    assert.doesNotMatch(told.stdout, /DescribeScalingActivities/);
    const shown = await reference(cwd, "refresh", "AWSBatchServiceRole", "--account", file, "--write");
    assert.match(shown.stdout, /import AWSBatchServiceRole from "\.\/references\/AWSBatchServiceRole\.json"/);
    assert.match(shown.stdout, /references: \[defineReference\(AWSBatchServiceRole\)\],/);
    assert.doesNotMatch(shown.stdout, /roles:/);
    const own = JSON.parse(await readFile(join(cwd, "references", "AWSBatchServiceRole.json"), "utf8"));
    await writeFile(
      join(cwd, "drift-guard.config.json"),
      JSON.stringify({ roles: { AWSBatchServiceRole: {} }, references: [own] }),
    );
    const accepted = await runCli(["check", "--account", file], { cwd });
    assert.deepEqual([accepted.code, accepted.stdout.includes("vendor-change")], [0, false]);
  });

  it("reports a version without an action that AWS Batch needs as drift, unless the role has it by another policy (T17)", async () => {
    const arn = "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole";
    const withdrawn = (roles: readonly RoleDetail[]) => {
      const snapshot = JSON.parse(printSnapshot(roles));
      const detail = snapshot.Policies.find(({ Arn }: { Arn: string }) => Arn === arn);
      detail.DefaultVersionId = "v14";
      detail.PolicyVersionList[0].VersionId = "v14";
      for (const statement of detail.PolicyVersionList[0].Document.Statement) {
        if (!Array.isArray(statement.Action)) continue;
        statement.Action = statement.Action.filter((action: string) => action !== "ec2:RunInstances");
      }
      return JSON.stringify(snapshot);
    };
    const check = async (roles: readonly RoleDetail[]) => {
      const { cwd, file } = await ownersFolder(withdrawn(roles));
      return runCli(["check", "AWSBatchServiceRole", "--account", file], { cwd });
    };
    const { code, stdout } = await check(cleanRoles());
    assert.equal(code, 1);
    assert.match(
      unwrap(stdout),
      /HIGH vendor-change .* AWS published v14; .* No other policy of the role allows all that AWS removed\. .*- ec2:RunInstances/,
    );
    const RolePolicyList = [{ PolicyName: "launch", PolicyDocument: JSON.parse(allow("ec2:RunInstances")) }];
    const held = await check(rolesWith("AWSBatchServiceRole", { RolePolicyList }));
    assert.equal(held.code, 0, held.stdout);
    assert.match(unwrap(held.stdout), /INFORMATIONAL vendor-change .* This is information, not drift\./);
  });

  it("names the policies that a file does not contain in one sentence, and advises no other file for them", async () => {
    const snapshot = JSON.parse(printSnapshot(cleanRoles()));
    snapshot.Policies = snapshot.Policies.slice(0, 3);
    const { cwd, file } = await ownersFolder(JSON.stringify(snapshot));
    const { code, stdout } = await reference(cwd, "refresh", "--account", file);
    assert.equal(code, 2);
    assert.equal(unwrap(stdout).match(/does not contain/g)?.length, 1);
    assert.match(
      unwrap(stdout),
      /\d+ policies are unreadable: .*AmazonECSServiceRolePolicy \(AWSServiceRoleForECS\).* The snapshot does not contain the document of each of them\./,
    );
    assert.match(
      unwrap(stdout),
      /holds only the policies that a user, group or role of the account has attached/,
    );
    assert.doesNotMatch(stdout, /--filter/);
  });

  it("reports what it could not read", async () => {
    const { cwd, file } = await ownersFolder(printSnapshot(cleanRoles(), { documents: false }));
    const { code, stdout } = await reference(cwd, "refresh", "--account", file, "--json");
    assert.equal(code, 2);
    const { policies } = readOutput(ReferenceRefreshOutput, stdout);
    assert.ok(policies.every(({ status }) => status === "unread"));
  });
});
