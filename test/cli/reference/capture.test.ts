import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { evaluate } from "@drift-guard/core/evaluate/evaluate";
import type { Finding } from "@drift-guard/core/model/finding";
import { identifyFinding } from "@drift-guard/core/model/identity";
import { emptyLedger } from "@drift-guard/core/model/ledger";
import { readSnapshot } from "@drift-guard/embedded/snapshot";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { comparePolicies } from "@drift-guard/policy/compare";
import { ReferenceCaptureOutput } from "drift-guard/output/reference";
import { account, aFinding, allow } from "../../builders.ts";
import { guardedAs, referenceOf } from "../../core/watched-roles.ts";
import { readOutput } from "../outputs.ts";
import { runCli, unwrap } from "../process.ts";
import { cleanRoles, printSnapshot, type RoleDetail, rolesWith } from "../snapshots.ts";
import { ownersFolder, readReference, reference } from "./owner.ts";

const more: Partial<RoleDetail> = {
  RolePolicyList: [{ PolicyName: "queue", PolicyDocument: JSON.parse(allow("sqs:SendMessage")) }],
};

describe("reference capture", () => {
  it("writes a reference of any role, which is then clean", async () => {
    const roles = [...cleanRoles(), { ...firstRole(), ...more, RoleName: "Worker", Arn: roleArn("Worker") }];
    const { cwd, file } = await ownersFolder(printSnapshot(roles));
    const { code, stdout, stderr } = await reference(cwd, "capture", "Worker", "--account", file);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /import Worker from "\.\/references\/Worker\.json" with \{ type: "json" \}/);
    const config = join(cwd, "drift-guard.config.ts");
    const core = pathToFileURL(resolve(import.meta.dirname, "../../../packages/core")).href;
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

  it("warns of a trust policy that lets anyone in, which check then notes without calling it drift", async () => {
    const open = {
      Version: "2012-10-17",
      Statement: [{ Sid: "All", Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" }],
    };
    const worker = { RoleName: "Worker", Arn: roleArn("Worker"), AssumeRolePolicyDocument: open };
    const { cwd, file } = await ownersFolder(printSnapshot([{ ...firstRole(), ...worker }]));
    const captured = await reference(cwd, "capture", "Worker", "--account", file);
    assert.match(
      unwrap(captured.stdout),
      /Warning: \$\.Statement\[0\] \(All\) of the trust policy lets anyone, in any AWS account, assume Worker/,
    );
    const references = [JSON.parse(await readFile(join(cwd, "references/Worker.json"), "utf8"))];
    await writeFile(
      join(cwd, "drift-guard.config.json"),
      JSON.stringify({ roles: { Worker: {} }, references }),
    );
    const { stdout } = await runCli(["check", "--account", file], { cwd });
    assert.match(stdout, /LOW +note +trust\n/);
    assert.match(stdout, /1 of 1 role clean/);
    const sound = await reference(cwd, "check");
    assert.equal(sound.code, 0);
    assert.match(unwrap(sound.stdout), /A note, at trust: .*lets anyone/);
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

  it("accepts that drift through findings accept too", async () => {
    const folder = join(place.cwd, "accepted");
    const args = ["findings", "accept", idOf("inline:queue"), "--findings", "findings.sqlite"];
    const around = ["--account", place.file, "--into", folder, "--json"];
    const { code, stdout, stderr } = await runCli([...args, ...around], { cwd: place.cwd });
    assert.deepEqual([code, stderr], [0, ""]);
    const { items } = readOutput(ReferenceCaptureOutput, stdout);
    assert.deepEqual(
      items.map(({ role, file }) => [role, file]),
      [["ecsTaskExecutionRole", join(folder, "ecsTaskExecutionRole.json")]],
    );
    const taken = await readReference(join(folder, "ecsTaskExecutionRole.json"));
    assert.match(taken.allowed?.document ?? "", /sqs:SendMessage/);
    assert.doesNotMatch(taken.allowed?.document ?? "", /iam:/);
  });

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
      /The id of none of the \d+ stored findings begins with "0{32}"/,
    );
    assert.match(
      (await take("--finding", "", ...sqlite)).stderr,
      /The id of none of the \d+ stored findings begins with ""/,
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
