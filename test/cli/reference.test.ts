import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import { builtInReferences, findReference } from "@drift-guard/core/reference/built-in";
import { defineReference } from "@drift-guard/core/reference/reference";
import { readSnapshot } from "@drift-guard/embedded/snapshot";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { comparePolicies } from "@drift-guard/policy/compare";
import {
  ReferenceCaptureOutput,
  ReferenceListOutput,
  ReferenceRefreshOutput,
  ReferenceShowOutput,
} from "drift-guard/output/reference";
import { account, aFinding, allow } from "../builders.ts";
import { guardedAs, referenceOf } from "../core/watched-roles.ts";
import { readOutput } from "./outputs.ts";
import { runCli, runProcess, unwrap } from "./process.ts";
import { cleanRoles, printSnapshot, type RoleDetail, rolesWith } from "./snapshots.ts";

const home = await mkdtemp(join(tmpdir(), "drift-guard-test-"));

/** Creates a folder of an owner, with a snapshot file in it. */
async function ownersFolder(snapshot: string): Promise<{ readonly cwd: string; readonly file: string }> {
  const cwd = await mkdtemp(join(home, "owner-"));
  const file = join(cwd, "account.json");
  await writeFile(file, snapshot);
  return { cwd, file };
}

const reference = (cwd: string, ...args: readonly string[]) => runCli(["reference", ...args], { cwd });
const readReference = async (file: string) => defineReference(JSON.parse(await readFile(file, "utf8")));

const more: Partial<RoleDetail> = {
  RolePolicyList: [{ PolicyName: "queue", PolicyDocument: JSON.parse(allow("sqs:SendMessage")) }],
};

describe("reference list", () => {
  it("prints every built-in reference with source, date and strictness", async () => {
    const { code, stdout, stderr } = await runProcess(["reference", "list"], { cwd: home });
    assert.deepEqual([code, stderr], [0, ""]);
    for (const { role, source } of builtInReferences()) {
      assert.match(stdout, new RegExp(`^${role}$`, "m"));
      assert.ok(stdout.includes(source.date));
    }
    assert.match(stdout, /trust exact/);
  });

  it("prints a JSON document with the owner's references first", async () => {
    const { cwd } = await ownersFolder("");
    const own = { ...JSON.parse(await written("ecsInstanceRole")), role: "Mine" };
    const config = { $schema: "./config.schema.json", roles: { Mine: {} }, references: [own] };
    await writeFile(join(cwd, "drift-guard.config.json"), JSON.stringify(config));
    const { stdout } = await reference(cwd, "list", "--json");
    const [first, ...others] = readOutput(ReferenceListOutput, stdout).items;
    assert.deepEqual([first?.role, first?.builtIn], ["Mine", false]);
    assert.equal(others.length, builtInReferences().length);
  });
});

describe("reference show", () => {
  it("prints trust, attachments, grants, retired policies and the instance profile", async () => {
    const { code, stdout } = await reference(
      home,
      "show",
      "ecsInstanceRole",
      "amazonec2spotfleettaggingrole",
    );
    assert.equal(code, 0);
    assert.match(stdout, /Who may assume it\n +sts:AssumeRole by Service ec2\.amazonaws\.com/);
    assert.match(
      stdout,
      /Must have attached: .*AmazonEC2ContainerServiceforEC2Role \(v10,\s+source\s+dated\s+2026-02-12\)/,
    );
    assert.match(stdout, /ecs:Submit\*/);
    assert.match(stdout, /Instance profile\n +ecsInstanceRole/);
    assert.match(stdout, /Must not have attached: .*\/AmazonEC2SpotFleetRole/);
  });

  it("prints a reference as JSON that is read back unchanged", async () => {
    for (const known of builtInReferences()) {
      const { stdout } = await reference(home, "show", known.role, "--json");
      ReferenceShowOutput.parse(JSON.parse(stdout));
      assert.deepEqual(defineReference(JSON.parse(stdout)), known);
    }
  });

  it("prints several references as items of one JSON document", async () => {
    const { stdout } = await reference(home, "show", "ecsInstanceRole", "ecsTaskExecutionRole", "--json");
    const document = ReferenceShowOutput.parse(JSON.parse(stdout));
    assert.deepEqual("items" in document && document.items, [
      referenceOf("ecsInstanceRole"),
      referenceOf("ecsTaskExecutionRole"),
    ]);
  });

  it("prints the reference as another partition has it with --partition", async () => {
    const china = await reference(home, "show", "AWSBatchServiceRole", "--partition", "aws-cn");
    assert.match(
      china.stdout,
      /Must have attached: arn:aws-cn:iam::aws:policy\/service-role\/AWSBatchServiceRole/,
    );
    assert.doesNotMatch(china.stdout, /arn:aws:/);
    const wrong = await reference(home, "show", "AWSBatchServiceRole", "--partition", "china");
    assert.match(wrong.stderr, /china is not a partition/);
  });

  it("prints only the trust policy, for the AWS CLI", async () => {
    const { code, stdout } = await reference(home, "show", "ecsTaskExecutionRole", "--trust");
    assert.equal(code, 0);
    assert.match(stdout, /^\{\n {2}"Version"/);
    assert.deepEqual(
      JSON.parse(stdout),
      JSON.parse(findReference("ecsTaskExecutionRole")?.trust ?? "the reference is not there"),
    );
    const two = await reference(home, "show", "ecsTaskExecutionRole", "ecsInstanceRole", "--trust");
    assert.equal(two.code, 2);
    assert.match(unwrap(two.stderr), /name one reference/);
  });

  it("names the known references if there is none of that name", async () => {
    const { code, stderr } = await reference(home, "show", "Nobody");
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /no reference Nobody, only AWSBatchServiceRole/);
  });
});

async function written(role: string): Promise<string> {
  return (await reference(home, "show", role, "--json")).stdout;
}

describe("reference capture", () => {
  it("writes a reference of any role, which is then clean", async () => {
    const roles = [...cleanRoles(), { ...firstRole(), ...more, RoleName: "Worker", Arn: roleArn("Worker") }];
    const { cwd, file } = await ownersFolder(printSnapshot(roles));
    const { code, stdout, stderr } = await reference(cwd, "capture", "Worker", "--account", file);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /import Worker from "\.\/references\/Worker\.json" with \{ type: "json" \}/);
    const config = join(cwd, "drift-guard.config.ts");
    const core = pathToFileURL(resolve(import.meta.dirname, "../../packages/core")).href;
    await writeFile(
      config,
      `import { defineConfig } from "${core}/config/config.ts";
       import { defineReference } from "${core}/reference/reference.ts";
       import worker from "./references/Worker.json" with { type: "json" };
       export default defineConfig({ references: [defineReference(worker)], roles: { Worker: {} } });`,
    );
    const clean = await runCli(["check", "--account", file], { cwd });
    assert.match(clean.stdout, /1 of 1 role clean/);
    await writeFile(
      file,
      printSnapshot([...roles.slice(0, -1), { ...firstRole(), RoleName: "Worker", Arn: roleArn("Worker") }]),
    );
    const lacking = await runCli(["check", "--account", file], { cwd });
    assert.equal(lacking.code, 1);
    assert.match(lacking.stdout, /HIGH +missing +permissions\n[\s\S]*- sqs:SendMessage/);
    assert.match((await reference(cwd, "check")).stdout, /the configuration names 1 watched role\./);
  });

  it("is the command that an error advises, and succeeds where that error occurred", async () => {
    const team = `arn:aws:iam::${account}:role/team/Worker`;
    const boundary = `arn:aws:iam::${account}:policy/limits`;
    const worker = { ...firstRole(), ...more, RoleName: "Worker", Path: "/team/", Arn: team };
    const snapshot = JSON.parse(
      printSnapshot([
        {
          ...worker,
          PermissionsBoundary: { PermissionsBoundaryArn: boundary, PermissionsBoundaryType: "Policy" },
          InstanceProfileList: [{ InstanceProfileName: "Workers" }],
        },
      ]),
    );
    // The boundary blocks what the inline policy allows.
    const version = { VersionId: "v1", IsDefaultVersion: true, Document: JSON.parse(allow("s3:*")) };
    snapshot.Policies.push({
      PolicyName: "limits",
      Arn: boundary,
      DefaultVersionId: "v1",
      PolicyVersionList: [version],
    });
    const { cwd, file } = await ownersFolder(JSON.stringify(snapshot));
    const follow = async (message: string) => {
      const [, command = ""] =
        /drift-guard (reference capture [^`:]+?)(?:`|\.?\s*$)/m.exec(unwrap(message)) ?? [];
      const args = command.split(" ");
      assert.ok(args.includes("capture"), message);
      return runCli(args.includes("--account") ? args : [...args, "--account", file], { cwd });
    };

    const unwatched = await runCli(["check", "Worker", "--account", file], { cwd });
    assert.equal(unwatched.code, 2);
    const written = await follow(unwatched.stderr);
    assert.deepEqual([written.code, written.stderr], [0, ""]);

    await rm(join(cwd, "references"), { recursive: true });
    const config = join(cwd, "drift-guard.config.json");
    const roles = { Worker: { paths: ["/team/"] } };
    await writeFile(config, JSON.stringify({ roles }));
    const invalid = await runCli(["check", "--account", file], { cwd });
    assert.equal(invalid.code, 2);
    const captured = await follow(invalid.stderr);
    assert.equal(captured.code, 0, captured.stderr);
    assert.match(
      unwrap(captured.stdout),
      /The configuration is not valid yet\. .*there is no reference Worker/,
    );

    const own = JSON.parse(await readFile(join(cwd, "references", "Worker.json"), "utf8"));
    await writeFile(config, JSON.stringify({ roles, references: [own] }));
    const clean = await runCli(["check", "--account", file], { cwd });
    assert.equal(clean.code, 0, clean.stdout);
    assert.match(clean.stdout, /1 of 1 role clean/);

    snapshot.Policies.at(-1).PolicyVersionList[0].Document = JSON.parse(allow("*"));
    await writeFile(file, JSON.stringify(snapshot));
    const edited = await runCli(["check", "--account", file], { cwd });
    assert.equal(edited.code, 1);
    assert.match(unwrap(edited.stdout), /boundary The permissions boundary .*limits was edited\./);
  });

  it("says to correct the name of a reference that does not exist, and advises no capture under another name", async () => {
    const { cwd, file } = await ownersFolder(printSnapshot(cleanRoles()));
    await writeFile(
      join(cwd, "drift-guard.config.json"),
      JSON.stringify({ roles: { "batch-*": { reference: "ecsTaskExecutionRol" } } }),
    );
    const { code, stderr } = await runCli(["check", "--account", file], { cwd });
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /there is no reference ecsTaskExecutionRol; .* Correct the name/);
    assert.doesNotMatch(stderr, /capture/);
  });

  it("names the role's path if it is not a default path", async () => {
    const arn = `arn:aws:iam::${account}:role/team/Worker`;
    const { cwd, file } = await ownersFolder(
      printSnapshot([{ ...firstRole(), RoleName: "Worker", Path: "/team/", Arn: arn }]),
    );
    const { stdout } = await reference(cwd, "capture", "Worker", "--account", file);
    assert.match(stdout, /roles: \{ "Worker": \{ paths: \["\/team\/"\] \} \},/);
  });

  it("replaces an existing reference only with --force", async () => {
    const { cwd, file } = await ownersFolder(printSnapshot(cleanRoles()));
    const args = ["capture", "ecsTaskExecutionRole", "--account", file, "--into", "mine"];
    assert.equal((await reference(cwd, ...args)).code, 0);
    const again = await reference(cwd, ...args);
    assert.equal(again.code, 2);
    assert.match(unwrap(again.stderr), /already holds the reference of ecsTaskExecutionRole/);
    const forced = await reference(cwd, ...args, "--force", "--json");
    assert.equal(forced.code, 0);
    assert.deepEqual(
      readOutput(ReferenceCaptureOutput, forced.stdout).items.map(({ role, file: path }) => [role, path]),
      [["ecsTaskExecutionRole", join("mine", "ecsTaskExecutionRole.json")]],
    );
    assert.deepEqual(await readdir(join(cwd, "mine")), ["ecsTaskExecutionRole.json"]);
  });

  it("names what is missing: the role, its name, or a document", async () => {
    const { cwd, file } = await ownersFolder(printSnapshot(cleanRoles(), { documents: false }));
    assert.match(
      unwrap((await reference(cwd, "capture", "--account", file)).stderr),
      /takes the name of a role/,
    );
    assert.match(
      unwrap((await reference(cwd, "capture", "No", "--account", file)).stderr),
      /There is no role No/,
    );
    const unseen = await reference(cwd, "capture", "AWSBatchServiceRole", "--account", file);
    assert.equal(unseen.code, 2);
    assert.match(
      unwrap(unseen.stderr),
      /cannot be captured whole[\s\S]*does not contain the document.* Create the file without --filter/,
    );
    await assert.rejects(readdir(join(cwd, "references")));
  });
});

function firstRole(): RoleDetail {
  const [role] = cleanRoles();
  if (!role) throw new Error("there is no role");
  return role;
}

function roleArn(name: string): string {
  return `arn:aws:iam::${account}:role/${name}`;
}

describe("reference capture --finding", () => {
  const drifted = printSnapshot(
    rolesWith("ecsTaskExecutionRole", {
      RolePolicyList: [
        { PolicyName: "queue", PolicyDocument: JSON.parse(allow("sqs:SendMessage")) },
        { PolicyName: "rogue", PolicyDocument: JSON.parse(allow("iam:*")) },
      ],
    }),
  );
  let place = { cwd: "", file: "" };
  let findings: readonly Finding[] = [];
  const idOf = (part: string) => findings.find(({ evidence }) => evidence.part.toString() === part)?.id ?? "";

  before(async () => {
    place = await ownersFolder(drifted);
    const name = "ecsTaskExecutionRole";
    const reading = await readSnapshot(drifted, "account").reader.read(name);
    const assessments = evaluate({ reference: referenceOf(name), guarded: guardedAs({}), reading });
    const role = { account, name };
    findings = assessments.map((evidence) =>
      aFinding({ id: identifyFinding(role, evidence), role, evidence }),
    );
    const database = openDatabase(join(place.cwd, "findings.sqlite"));
    const empty = emptyLedger(role);
    await createFindingStore(database).commit({
      before: empty,
      after: { ...empty, findings },
      transitions: [],
    });
    database.close();
  });

  const take = (...args: readonly string[]) =>
    reference(place.cwd, "capture", "ecsTaskExecutionRole", "--account", place.file, ...args);

  it("accepts only that drift into the role's reference, and prints what changed", async () => {
    const { code, stdout, stderr } = await take(
      "--finding",
      idOf("inline:queue"),
      "--findings",
      "findings.sqlite",
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /may also be allowed\n +\+ sqs:SendMessage on \*/);
    assert.doesNotMatch(stdout, /iam:/);
    const taken = await readReference(join(place.cwd, "references", "ecsTaskExecutionRole.json"));
    const gained = comparePolicies(
      taken.allowed?.document ?? "",
      referenceOf("ecsTaskExecutionRole").allowed?.document ?? "",
    );
    assert.deepEqual(
      gained.excess.map(({ actions }) => actions),
      [["sqs:SendMessage"]],
    );
    const config = {
      roles: { ecsTaskExecutionRole: {} },
      references: [
        JSON.parse(await readFile(join(place.cwd, "references", "ecsTaskExecutionRole.json"), "utf8")),
      ],
    };
    await writeFile(join(place.cwd, "drift-guard.config.json"), JSON.stringify(config));
    const check = await runCli(["check", "--account", place.file], { cwd: place.cwd });
    assert.match(check.stdout, /CRITICAL +excess +inline rogue/);
    assert.doesNotMatch(check.stdout, /queue/);
  });

  it("accepts only stored findings of that role that still hold", async () => {
    const sqlite = ["--findings", "findings.sqlite"];
    assert.match(
      (await take("--finding", "0".repeat(32), ...sqlite)).stderr,
      /None of the \d+ stored findings has the id 0{32}/,
    );
    assert.match(
      (await take("--finding", "", ...sqlite)).stderr,
      /None of the \d+ stored findings has the id/,
    );
    assert.match(
      (await take("--finding", "x")).stderr,
      /--finding needs either --findings FILE or --table NAME/,
    );
    assert.match(
      (await take("--finding", "x", "--findings", "no.sqlite")).stderr,
      /findings file no\.sqlite does not exist/,
    );
    const other = await reference(
      place.cwd,
      "capture",
      "Worker",
      "--account",
      place.file,
      "--finding",
      idOf("inline:rogue"),
      ...sqlite,
    );
    assert.match(unwrap(other.stderr), /Worker is not a watched role/);
    const clean = join(place.cwd, "clean.json");
    await writeFile(clean, printSnapshot(cleanRoles()));
    const moved = await take("--finding", idOf("inline:rogue"), ...sqlite, "--account", clean);
    assert.equal(moved.code, 2);
    assert.match(unwrap(moved.stderr), /the role has changed/);
  });
});

describe("reference check", () => {
  it("reports the built-in references as sound", async () => {
    const { code, stdout } = await reference(home, "check");
    assert.equal(code, 0);
    const count = builtInReferences().length;
    assert.ok(stdout.includes(`${count} references are sound; the configuration names 3 watched roles.`));
  });

  it("names file and path of an invalid reference", async () => {
    const { cwd } = await ownersFolder("");
    const bad = JSON.parse(await written("ecsInstanceRole"));
    bad.attachments[0].document.Statement[0].Effect = "Perhaps";
    await writeFile(join(cwd, "bad.json"), JSON.stringify(bad));
    const { code, stderr } = await reference(cwd, "check", "bad.json");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /The reference bad\.json is not valid[\s\S]*Effect[\s\S]*attachments\[0\]\.document/,
    );
    await writeFile(join(cwd, "bad.json"), "{");
    assert.match(
      unwrap((await reference(cwd, "check", "bad.json")).stderr),
      /bad\.json is not JSON \(line 1, column 2\)/,
    );
    await writeFile(join(cwd, "bad.json"), '{"role": "Worker"}');
    assert.match(
      unwrap((await reference(cwd, "check", "bad.json")).stderr),
      /bad\.json is not valid: source is missing trust is missing attachments is missing boundary is missing docs\/references\.md describes/,
    );
    assert.match(
      unwrap((await reference(cwd, "check", "no.json")).stderr),
      /There is no file no\.json\. Check/,
    );
  });

  it("reports a reference that no role can match", async () => {
    const { cwd } = await ownersFolder("");
    const odd = JSON.parse(await written("ecsInstanceRole"));
    odd.attachments[0].document.Statement[0].Principal = "*";
    await writeFile(join(cwd, "odd.json"), JSON.stringify(odd));
    const { code, stdout } = await reference(cwd, "check", "odd.json");
    assert.equal(code, 1);
    assert.match(stdout, /would not be clean/);
    assert.ok(stdout.includes(`1 of ${builtInReferences().length + 1} references are unsound`));
  });
});

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

describe("reference", () => {
  it("requires a subcommand", async () => {
    assert.match(
      unwrap((await reference(home)).stderr),
      /needs a subcommand: list, show, capture, check, refresh/,
    );
    assert.match(unwrap((await reference(home, "renew")).stderr), /no subcommand renew/);
    assert.match((await reference(home, "--help")).stdout, /Usage: drift-guard reference/);
  });
});
