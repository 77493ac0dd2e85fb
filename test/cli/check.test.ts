import assert from "node:assert/strict";
import { constants } from "node:buffer";
import { existsSync } from "node:fs";
import { truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { formatReference } from "@drift-guard/core/reference/reference";
import { CheckOutput } from "drift-guard/output/check";
import { refusal, startResponder, xml } from "../aws/responder.ts";
import { account, batchServicePolicy } from "../builders.ts";
import { referenceOf } from "../core/watched-roles.ts";
import { readOutput } from "./outputs.ts";
import { type RunOptions, runCli, runProcess, unwrap, writeTemporary } from "./process.ts";
import { cleanRoles, printSnapshot, type RoleDetail, rolesWith } from "./snapshots.ts";

const escapeCode = "\u001b";

const detached = rolesWith("AWSBatchServiceRole", { AttachedManagedPolicies: [] });
const rogue = rolesWith("AWSBatchServiceRole", {
  RolePolicyList: [
    {
      PolicyName: "rogue",
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "iam:*", Resource: "*" }],
      },
    },
  ],
});
const unreadable = rolesWith("ecsTaskExecutionRole", { AssumeRolePolicyDocument: "no policy" });

async function check(roles: readonly RoleDetail[], args: readonly string[] = [], around?: RunOptions) {
  const file = await writeTemporary("account.json", printSnapshot(roles));
  return runCli(["check", "--account", file, ...args], around);
}

describe("check on a snapshot file", () => {
  it("exits 0 if every watched role matches its reference", async () => {
    const { code, stdout, stderr } = await check(cleanRoles());
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /AWSBatchServiceRole {2}clean/);
    assert.match(stdout, new RegExp(`Account ${account} .*: 3 of 3 roles clean`));
  });

  it("exits 0 with the inline policies that the guide prints for registries and secrets (T4)", async () => {
    const print = (PolicyName: string, Action: readonly string[]) => ({
      PolicyName,
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action,
            Resource: [
              `arn:aws:secretsmanager:us-east-1:${account}:secret:db`,
              `arn:aws:kms:us-east-1:${account}:key/1234abcd`,
            ],
          },
        ],
      },
    });
    const printed = rolesWith("ecsTaskExecutionRole", {
      RolePolicyList: [
        print("registry", ["kms:Decrypt", "secretsmanager:GetSecretValue"]),
        print("secrets", ["secretsmanager:GetSecretValue", "kms:Decrypt"]),
      ],
    });
    const { code, stdout } = await check(printed);
    assert.equal(code, 0);
    assert.match(stdout, /3 of 3 roles clean/);
  });

  it("says that it counts no exceptions where the configuration has one of a role with drift", async () => {
    const exception = {
      part: "trust",
      side: "excess",
      detail: "x",
      owner: "a",
      reason: "b",
      expires: "2030-01-01T00:00:00Z",
    };
    const configOf = (role: string) =>
      writeTemporary(
        "config.json",
        JSON.stringify({ roles: { AWSBatchServiceRole: {} }, exceptions: [{ role, ...exception }] }),
      );
    const of = async (role: string) =>
      unwrap((await check(detached, ["--config", await configOf(role)])).stdout);
    assert.match(await of("awsbatchservicerole"), /Exceptions of the configuration are not counted here/);
    assert.doesNotMatch(await of("other"), /Exceptions/);
  });

  it("exits 1 on drift, and prints part, type, severity and grants", async () => {
    const { code, stdout } = await check(detached);
    assert.equal(code, 1);
    assert.match(stdout, /HIGH +missing +managed arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole/);
    assert.match(stdout, /- autoscaling:CreateAutoScalingGroup and 60 more on \*/);
    assert.match(stdout, /2 of 3 roles clean, 1 drift$/m);
    assert.match(stdout, /^Next: drift-guard reference show AWSBatchServiceRole shows what is required\.$/m);
  });

  it("says how each drift is fixed, and prints the commands with --plan, each on one line", async () => {
    const advice = await check(rogue);
    assert.match(advice.stdout, /\n {6}Fix: delete the inline policy rogue of AWSBatchServiceRole\.\n/);
    assert.match(
      unwrap(advice.stdout),
      /With --plan, drift-guard check prints the commands that fix a role\./,
    );
    const { code, stdout } = await check(detached, ["--plan"]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /\n {2}aws iam attach-role-policy --role-name AWSBatchServiceRole --policy-arn arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole\n/,
    );
    assert.doesNotMatch(stdout, /With --plan/);
    assert.match(
      unwrap(stdout),
      /who could assume a role before are not known here.*rollback plan ROLE --stage/,
    );
  });

  it("says of a finding that no command fixes what a person must do", async () => {
    const linked = rolesWith("AWSServiceRoleForBatch", { AttachedManagedPolicies: [] });
    const { stdout } = await check(linked, ["--plan"]);
    assert.match(unwrap(stdout), /To do: Only AWS may change a service-linked role/);
    assert.match(unwrap(stdout), /No command fixes: - managed:\S+, missing: Only AWS may change/);
    assert.doesNotMatch(stdout, /attach-role-policy/);
  });

  it("puts the fix of each drift and, with --plan, the commands of each role into the JSON document", async () => {
    const { stdout } = await check(rogue, ["--plan", "--json"]);
    const [role] = readOutput(CheckOutput, stdout).roles;
    assert.deepEqual(role?.plan, {
      groups: [
        {
          commands: ["aws iam delete-role-policy --role-name AWSBatchServiceRole --policy-name rogue"],
        },
      ],
      left: [],
    });
    const [drift] = role?.assessments ?? [];
    assert.ok(drift?.kind === "drift" && drift.fix?.kind === "steps");
    assert.equal((await check(rogue, ["--json"])).stdout.includes('"groups"'), false);
  });

  it("rates an excess that leads to full access as critical", async () => {
    const { code, stdout } = await check(rogue);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /CRITICAL +excess +inline rogue\n +It completes known paths of privilege escalation: [^+]+\+ iam:\*/,
    );
  });

  it("checks the roles that match a pattern of the configuration", async () => {
    const [example] = cleanRoles().filter(({ RoleName }) => RoleName === "ecsTaskExecutionRole");
    assert.ok(example);
    const named = (name: string) => ({
      ...example,
      RoleName: name,
      Arn: `arn:aws:iam::${account}:role/${name}`,
    });
    const config = await writeTemporary(
      "config.json",
      JSON.stringify({ roles: { "batch-job-*": { reference: "ecsTaskExecutionRole" } } }),
    );
    const roles = [named("batch-job-1"), named("BATCH-job-2"), named("other")];
    const all = await check(roles, ["--config", config]);
    assert.deepEqual([all.code, all.stderr], [0, ""]);
    assert.match(all.stdout, /batch-job-1 {2}clean[\s\S]*BATCH-job-2 {2}clean[\s\S]*2 of 2 roles clean/);
    const one = await check(roles, ["--config", config, "batch-job-1"]);
    assert.match(one.stdout, /1 of 1 role clean/);
    const none = await check(roles, ["--config", config, "other"]);
    assert.match(none.stderr, /other is not a watched role\. The configuration names batch-job-\*\./);
  });

  it("exits 2 if a role is unknown and none has drift", async () => {
    const { code, stdout } = await check(unreadable);
    assert.equal(code, 2);
    assert.match(stdout, /ecsTaskExecutionRole {2}unknown/);
    const file = await writeTemporary("account.json", printSnapshot(cleanRoles(), { documents: false }));
    const lacking = await runCli(["check", "--account", file]);
    assert.equal(lacking.code, 2);
    assert.equal(unwrap(lacking.stdout).match(/Create the file without --filter/g)?.length, 1);
    assert.doesNotMatch(lacking.stdout, /Next:/);
  });

  it("exits 1 if one role has drift and another is unknown", async () => {
    const [drifted] = detached;
    assert.ok(drifted);
    const { code } = await check([drifted, ...unreadable.slice(1)]);
    assert.equal(code, 1);
  });

  it("exits 1 if AWS removed an action that AWS Batch needs from its policy", async () => {
    const snapshot = JSON.parse(printSnapshot(cleanRoles()));
    const [detail] = snapshot.Policies.filter(({ Arn }: { Arn: string }) => Arn === batchServicePolicy);
    const [statement] = detail.PolicyVersionList[0].Document.Statement;
    statement.Action = statement.Action.filter((action: string) => action !== "ec2:RunInstances");
    const file = await writeTemporary("account.json", JSON.stringify(snapshot));
    const { code, stdout } = await runCli(["check", "AWSBatchServiceRole", "--account", file]);
    assert.equal(code, 1);
    assert.match(
      unwrap(stdout),
      /HIGH vendor-change .*No other policy of the role allows all that AWS removed\./,
    );
    assert.match(stdout, /- ec2:RunInstances on \*/);
  });

  it("says that an absent role is required only while AWS Batch uses it, which a file does not tell (T10)", async () => {
    const linked = cleanRoles().filter(({ RoleName }) => RoleName === "AWSServiceRoleForBatch");
    const { code, stdout } = await check(linked);
    assert.equal(code, 0);
    assert.match(stdout, /AWSBatchServiceRole {2}absent, and not known to be required/);
    assert.match(unwrap(stdout), /1 of 3 roles clean, 2 absent/);
    assert.equal(
      unwrap(stdout).match(
        /AWS Batch of account \d{12} was not read \(--batch FILE [^)]+\), so it is unknown whether anything there uses AWSBatchServiceRole, ecsTaskExecutionRole:/g,
      )?.length,
      1,
    );
    assert.equal(stdout.match(/AWS Batch of account/g)?.length, 1);
    assert.doesNotMatch(stdout, /does not exist|Next:/);
  });

  it("reports an absent role as drift if the configuration always requires it", async () => {
    const config = await writeTemporary(
      "config.json",
      JSON.stringify({ roles: { ecsTaskExecutionRole: { required: true } } }),
    );
    const { code, stdout } = await check(
      cleanRoles().filter(({ RoleName }) => RoleName === "AWSBatchServiceRole"),
      ["--config", config],
    );
    assert.equal(code, 1);
    assert.match(stdout, /HIGH +missing +role\n +The role ecsTaskExecutionRole does not exist/);
    assert.doesNotMatch(stdout, /it is unknown whether anything uses/);
  });

  it("checks only the roles that are named", async () => {
    const { code, stdout } = await check(detached, ["ecstaskexecutionrole"]);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /AWSBatchServiceRole/);
  });

  it("prints one JSON document with --json", async () => {
    const { code, stdout } = await check(rogue, ["--json"]);
    const document = readOutput(CheckOutput, stdout);
    assert.equal(code, 1);
    assert.equal(document.exitCode, 1);
    assert.equal(document.account, account);
    assert.deepEqual(
      document.roles.map(({ role, status }) => [role, status]),
      [
        ["AWSBatchServiceRole", "drift"],
        ["AWSServiceRoleForBatch", "clean"],
        ["ecsTaskExecutionRole", "clean"],
      ],
    );
    const [assessment] = document.roles[0]?.assessments ?? [];
    assert.deepEqual(
      [assessment?.kind, assessment?.part.toString(), assessment?.severity],
      ["drift", "inline:rogue", "CRITICAL"],
    );
  });

  it("checks every account of a file, each in a section of its own (T18)", async () => {
    const open = { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" };
    const other = cleanRoles().map((role) => ({
      ...role,
      Arn: role.Arn.replace(account, "210987654321"),
      ...(role.RoleName === "ecsTaskExecutionRole" && {
        AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [open] },
      }),
    }));
    const { code, stdout } = await check([...cleanRoles(), ...other]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^Account ${account} .*: 3 of 3 roles clean$`, "m"));
    assert.match(unwrap(stdout), /Account 210987654321 \([^)]*\): 2 of 3 roles clean, 1 drift/);
    assert.match(
      unwrap(stdout),
      new RegExp(`AWS Batch of accounts ${account}, 210987654321 was not read \\(--batch FILE [^)]+\\)\\.`),
    );
    const json = await check([...cleanRoles(), ...other], ["--json"]);
    const document = readOutput(CheckOutput, json.stdout);
    assert.deepEqual([document.account, document.accounts], [account, [account, "210987654321"]]);
    assert.deepEqual(
      document.roles.filter(({ status }) => status === "drift").map((role) => [role.account, role.role]),
      [["210987654321", "ecsTaskExecutionRole"]],
    );
  });

  it("says for each account of a file what it cannot know without AWS Batch (T18)", async () => {
    const other = cleanRoles().flatMap((role) =>
      role.RoleName === "ecsTaskExecutionRole"
        ? []
        : [{ ...role, Arn: role.Arn.replace(account, "210987654321") }],
    );
    const text = unwrap((await check([...cleanRoles(), ...other])).stdout);
    assert.match(text, new RegExp(`AWS Batch of account ${account} was not read \\([^)]+\\)\\.`));
    assert.match(
      text,
      /AWS Batch of account 210987654321 was not read \([^)]+\), so it is unknown whether anything there uses ecsTaskExecutionRole:/,
    );
  });

  it("exits 2 if a role occurs twice with different content (T18)", async () => {
    const { code, stdout } = await check([...cleanRoles(), ...detached]);
    assert.equal(code, 2);
    assert.match(unwrap(stdout), /contains the role AWSBatchServiceRole 2 times with different content/);
    assert.equal((await check([...cleanRoles(), ...cleanRoles()])).code, 0);
  });

  for (const [encoding, encode] of [
    ["UTF-8 with a byte order mark", (text: string) => Buffer.from(`\uFEFF${text}`)],
    ["UTF-16 LE, as PowerShell's > writes it", (text: string) => Buffer.from(`\uFEFF${text}\r\n`, "utf16le")],
    ["UTF-16 BE without a mark", (text: string) => Buffer.from(text, "utf16le").swap16()],
  ] as const) {
    it(`reads a file in ${encoding}`, async () => {
      const file = await writeTemporary("account.json", encode(printSnapshot(cleanRoles())));
      const { code, stderr } = await runCli(["check", "--account", file]);
      assert.deepEqual([code, stderr], [0, ""]);
    });
  }

  it("says what to do with a file that is compressed", async () => {
    for (const [content, advice] of [
      [gzipSync(printSnapshot(cleanRoles())), /it is compressed with gzip\. Decompress it/],
      [Buffer.from("PK\u0003\u0004archive"), /it is a ZIP archive\. Unpack it/],
    ] as const) {
      const { code, stderr } = await runCli(["check", "--account", await writeTemporary("a", content)]);
      assert.equal(code, 2);
      assert.match(unwrap(stderr), advice);
    }
  });

  it("reads standard input", async () => {
    for (const args of [["-"], ["--account", "-"], ["-", "AWSBatchServiceRole"]]) {
      const { code, stdout } = await runCli(["check", ...args], { input: printSnapshot(detached) });
      assert.equal(code, 1);
      assert.match(stdout, /\(standard input\)/);
    }
    const empty = await runCli(["check", "-"]);
    assert.equal(empty.code, 2);
    assert.match(empty.stderr, /standard input cannot be read: it is empty\./);
  });

  it("refuses a file that is longer than the longest text", async () => {
    const file = await writeTemporary("account.json", "");
    await truncate(file, constants.MAX_STRING_LENGTH + 1);
    const { code, stderr } = await runCli(["check", "--account", file]);
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /it has more than 511 MB, the longest text that Node\.js holds\. Split it/);
  });

  it("prints colours into a pipe only if FORCE_COLOR is set and NO_COLOR is not", async () => {
    assert.ok(!(await check(rogue)).stdout.includes(escapeCode));
    assert.ok((await check(rogue, [], { env: { FORCE_COLOR: "1" } })).stdout.includes(escapeCode));
    assert.ok(!(await check(rogue, [], { env: { NO_COLOR: "1" } })).stdout.includes(escapeCode));
  });

  it("escapes control characters in the name of a policy", async () => {
    const hostile = rolesWith("AWSBatchServiceRole", {
      RolePolicyList: [
        {
          PolicyName: `x${escapeCode}[2J\nclean`,
          PolicyDocument: { Statement: { Effect: "Allow", Action: "iam:*", Resource: "*" } },
        },
      ],
    });
    const { code, stdout } = await check(hostile);
    assert.equal(code, 1);
    assert.match(stdout, /inline x\\u\{1b\}\[2J\\nclean/);
  });
});

describe("check on a published example account", () => {
  it("shows the roles that it does not have", async () => {
    const file = fileURLToPath(
      new URL("../../../shared/data/authz-details/cloudsplaining-example.json", import.meta.url),
    );
    if (!existsSync(file)) return;
    const { code, stdout, stderr } = await runProcess(["check", "--account", file]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /AWSBatchServiceRole {2}absent/);
  });
});

describe("check without a readable account", () => {
  it("names a missing file, without a stack trace", async () => {
    const { code, stdout, stderr } = await runProcess(["check", "--account", "/nonexistent/account.json"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^drift-guard: There is no file \/nonexistent\/account\.json\. Check the path\.$/m);
    assert.doesNotMatch(stderr, /\n {4}at /);
  });

  it("prints the stack trace if DEBUG is set", async () => {
    const { stderr } = await runProcess(["check", "--account", "/nonexistent"], { env: { DEBUG: "1" } });
    assert.match(stderr, /\n {4}at /);
  });

  it("names a file that is not a snapshot", async () => {
    for (const [content, complaint] of [
      [
        "not json",
        /account\.json is not JSON \(line 1, column 1\)\. Expected the output of: aws iam get-acc/,
      ],
      ['{\n  "RoleDetailList": [x]}', /account\.json is not JSON \(line 2, column 22\)/],
      ["{}", /account\.json: RoleDetailList is missing\. Create the file with: aws iam get-account-auth/],
      [
        '{"RoleDetailList": [{"RoleName": 7}]}',
        /expected string, received number, at RoleDetailList\[0\]\.Ro/,
      ],
    ] as const) {
      const file = await writeTemporary("account.json", content);
      const { code, stderr } = await runCli(["check", "--account", file]);
      assert.equal(code, 2, content);
      assert.match(unwrap(stderr), complaint, content);
      assert.match(unwrap(stderr), /account\.json/, content);
    }
  });

  it("names the watched roles if another role is requested", async () => {
    const { code, stderr } = await check(cleanRoles(), ["NoSuchRole"]);
    assert.equal(code, 2);
    assert.match(
      unwrap(stderr),
      /NoSuchRole is not a watched role.*AWSBatchServiceRole.* Add NoSuchRole to drift-guard\.config\.ts, or write a reference for it with: drift-guard reference capture NoSuchRole/,
    );
  });

  it("reports missing credentials, and what to do", async () => {
    const { code, stderr } = await runCli(["check"]);
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /live account cannot be read: .*credentials/i);
    assert.match(unwrap(stderr), /--account FILE/);
  });

  it("does not advise an option that the command does not have", async () => {
    const { code, stderr } = await runCli(["slr", "status"]);
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /Set credentials as for the AWS CLI/);
    assert.doesNotMatch(unwrap(stderr), /--account/);
  });

  it("names the missing permission for each role, and exits 2", async () => {
    const responder = await startResponder(({ action }) =>
      action === "GetCallerIdentity"
        ? xml(
            action,
            `<Arn>arn:aws:iam::${account}:user/x</Arn><UserId>x</UserId><Account>${account}</Account>`,
          )
        : refusal("AccessDenied", "not authorized to perform: iam:GetRole", 403),
    );
    const live = { AWS_ENDPOINT_URL: responder.endpoint, AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
    const { code, stdout } = await runCli(["check"], { env: live });
    await responder.close();
    assert.equal(code, 2);
    assert.equal(stdout.match(/ {2}unreadable\n/g)?.length, 3);
    assert.match(stdout, /Allow\s+iam:GetRole/);
    assert.match(stdout, new RegExp(`Account ${account} .*: 0 of 3 roles clean, 3 unreadable`));
  });

  it("reports refused credentials", async () => {
    const responder = await startResponder(() =>
      refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
    );
    const live = { AWS_ENDPOINT_URL: responder.endpoint, AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
    const { code, stderr } = await runCli(["check"], { env: live });
    await responder.close();
    assert.equal(code, 2);
    assert.match(
      unwrap(stderr),
      /sts:GetCallerIdentity answered InvalidClientTokenId.*Check the credentials/,
    );
  });

  it("reports an endpoint that does not answer", async () => {
    const { code, stderr } = await runCli(["check"], {
      env: {
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
        AWS_ACCESS_KEY_ID: "x",
        AWS_SECRET_ACCESS_KEY: "x",
        AWS_MAX_ATTEMPTS: "1",
      },
    });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /live account cannot be read: .*127\.0\.0\.1:9[\s\S]*Check that a server runs at AWS_ENDPOINT_URL/,
    );
  });
});

describe("check with a configuration", () => {
  it("loads the one in the working directory, and checks the roles it names", async () => {
    const config = await writeTemporary(
      "drift-guard.config.ts",
      'const reference: string = "ecsTaskExecutionRole";\nexport default { roles: { ecsTaskExecutionRole: { reference } } };',
    );
    const { code, stdout } = await check(detached, [], { cwd: dirname(config) });
    assert.equal(code, 0);
    assert.match(stdout, /1 of 1 role clean/);
  });

  it("loads the one that --config names", async () => {
    const config = await writeTemporary("mine.ts", "export default { roles: { AWSBatchServiceRole: {} } };");
    assert.equal((await check(detached, ["--config", config])).code, 1);
  });

  it("says of a description and a maximum session that a file does not show them, as information, and exits 2", async () => {
    const roleName = "AWSBatchServiceRole";
    const own = formatReference({
      ...referenceOf(roleName),
      description: "x",
      maxSession: 3_600,
      tags: { team: "a" },
    });
    const config = await writeTemporary(
      "config.json",
      JSON.stringify({ references: [JSON.parse(own)], roles: { [roleName]: {} } }),
    );
    const tagged = (Value: string) => rolesWith(roleName, { Tags: [{ Key: "Team", Value }] });
    const unknown = await check(tagged("a"), ["--config", config]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stdout, /0 of 1 role clean, 1 unknown/);
    assert.match(
      unknown.stdout,
      /INFORMATIONAL +undecided +description\n +A snapshot does not contain descriptions/,
    );
    assert.doesNotMatch(unknown.stdout, /To do: compare|Policies that the file does not contain/);
    const changed = await check(tagged("it's $(b)"), ["--config", config, "--plan"]);
    assert.equal(changed.code, 1);
    assert.match(changed.stdout, /LOW +altered +tag team\n/);
    assert.match(
      unwrap(changed.stdout),
      /The tag team of AWSBatchServiceRole is "it's \$\(b\)"; its reference says "a"\./,
    );
    assert.match(
      changed.stdout,
      /aws iam tag-role --role-name AWSBatchServiceRole --tags '\[\{"Key":"team","Value":"a"\}\]'/,
    );
  });

  it("says what is wrong with an invalid one", async () => {
    for (const [content, complaint] of [
      ["export default { roles: { AWSBatchServiceRole: { rolback: {} } } };", /rolback/],
      ["export default { roles: { Mine: {} } };", /there is no reference Mine;.*, at roles\.Mine/],
      ["export const roles = {};", /no default export/],
      ["export default 7;", /default export of the configuration .* is not an object/],
      ["syntax error", /cannot be loaded/],
    ] as const) {
      const config = await writeTemporary("mine.ts", content);
      const { code, stderr } = await check(cleanRoles(), ["--config", config]);
      assert.equal(code, 2, content);
      assert.match(unwrap(stderr), complaint);
    }
    const absent = await check(cleanRoles(), ["--config", "/nonexistent/config.ts"]);
    assert.equal(absent.code, 2);
    assert.match(unwrap(absent.stderr), /There is no file \/nonexistent\/config\.ts\. Check the path/);
  });
});
