import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CheckOutput } from "drift-guard/output/check";
import { refusal, startResponder, xml } from "../aws/responder.ts";
import { account } from "../builders.ts";
import { readOutput } from "./outputs.ts";
import { type RunOptions, runCli, writeTemporary } from "./process.ts";
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

describe("check on an account's file", () => {
  it("exits 0 where every guarded role is as it should be", async () => {
    const { code, stdout, stderr } = await check(cleanRoles());
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.match(stdout, /AWSBatchServiceRole {2}clean/);
    assert.match(stdout, new RegExp(`Account ${account} .*: 3 of 3 roles clean`));
  });

  it("exits 1 on drift, and tells part, side, severity and grants", async () => {
    const { code, stdout } = await check(detached);
    assert.equal(code, 1);
    assert.match(stdout, /HIGH +missing +managed arn:aws:iam::aws:policy\/service-role\/AWSBatchServiceRole/);
    assert.match(stdout, /- autoscaling:CreateAutoScalingGroup and 60 more on \*/);
    assert.match(stdout, /2 of 3 roles clean, 1 drift$/m);
  });

  it("tells an excess that lets its holder take everything as critical", async () => {
    const { code, stdout } = await check(rogue);
    assert.equal(code, 1);
    assert.match(stdout, /CRITICAL +excess +inline rogue\n +\+ iam:\*/);
  });

  it("exits 2 where something could not be told and there is no drift", async () => {
    const { code, stdout } = await check(unreadable);
    assert.equal(code, 2);
    assert.match(stdout, /ecsTaskExecutionRole {2}unknown/);
    const file = await writeTemporary("account.json", printSnapshot(cleanRoles(), { documents: false }));
    assert.equal((await runCli(["check", "--account", file])).code, 2);
  });

  it("exits 1 where there is drift beside something that could not be told", async () => {
    const [drifted] = detached;
    assert.ok(drifted);
    const { code } = await check([drifted, ...unreadable.slice(1)]);
    assert.equal(code, 1);
  });

  it("takes an absent role for drift where it is required, and for clean where it is not", async () => {
    const only = (name: string) => cleanRoles().filter(({ RoleName }) => RoleName === name);
    const { code, stdout } = await check(only("AWSBatchServiceRole"));
    assert.equal(code, 1);
    assert.match(stdout, /AWSServiceRoleForBatch {2}clean: it does not exist and is not required/);
    assert.match(stdout, /HIGH +missing +role\n +The role ecsTaskExecutionRole does not exist/);
  });

  it("looks only at the roles that are named", async () => {
    const { code, stdout } = await check(detached, ["ecstaskexecutionrole"]);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /AWSBatchServiceRole/);
  });

  it("prints one JSON document where asked to", async () => {
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
      [assessment?.kind, assessment?.part, assessment?.severity],
      ["drift", "inline:rogue", "CRITICAL"],
    );
  });

  it("prints no colours into a pipe, unless they are asked for and not refused", async () => {
    assert.ok(!(await check(rogue)).stdout.includes(escapeCode));
    assert.ok((await check(rogue, [], { env: { FORCE_COLOR: "1" } })).stdout.includes(escapeCode));
    assert.ok(!(await check(rogue, [], { env: { NO_COLOR: "1" } })).stdout.includes(escapeCode));
  });

  it("lets no name of a policy move the cursor", async () => {
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

describe("check on an account that others made", () => {
  it("tells what is missing in it", async () => {
    const file = fileURLToPath(
      new URL("../../../shared/data/authz-details/cloudsplaining-example.json", import.meta.url),
    );
    if (!existsSync(file)) return;
    const { code, stdout, stderr } = await runCli(["check", "--account", file]);
    assert.equal(stderr, "");
    assert.equal(code, 1);
    assert.match(stdout, /The role AWSBatchServiceRole does not exist in account 200611803367/);
  });
});

describe("check where it cannot", () => {
  it("says which file is not there, without a stack", async () => {
    const { code, stdout, stderr } = await runCli(["check", "--account", "/nonexistent/account.json"]);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /^drift-guard: The account file \/nonexistent\/account\.json cannot be read: ENOENT/,
    );
    assert.doesNotMatch(stderr, /\n {4}at /);
  });

  it("shows the stack where DEBUG asks for it", async () => {
    const { stderr } = await runCli(["check", "--account", "/nonexistent"], { env: { DEBUG: "1" } });
    assert.match(stderr, /\n {4}at /);
  });

  it("says what is wrong with a file that is no account", async () => {
    for (const content of ["not json", "{}", '{"RoleDetailList": [{"RoleName": 7}]}']) {
      const file = await writeTemporary("account.json", content);
      const { code, stderr } = await runCli(["check", "--account", file]);
      assert.equal(code, 2, content);
      assert.match(stderr, /account\.json/, content);
    }
  });

  it("names the roles that are guarded where another is asked for", async () => {
    const { code, stderr } = await check(cleanRoles(), ["NoSuchRole"]);
    assert.equal(code, 2);
    assert.match(stderr, /NoSuchRole is not a watched role.*AWSBatchServiceRole/);
  });

  it("says that there are no credentials, and what to do", async () => {
    const { code, stderr } = await runCli(["check"]);
    assert.equal(code, 2);
    assert.match(stderr, /live account cannot be read: .*credentials/i);
    assert.match(stderr, /--account FILE/);
  });

  it("says which permission is missing, role by role, and exits 2", async () => {
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
    assert.match(stdout, new RegExp(`Account ${account} .*: 0 of 3 roles clean, 3 unknown`));
  });

  it("says that credentials are refused", async () => {
    const responder = await startResponder(() =>
      refusal("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
    );
    const live = { AWS_ENDPOINT_URL: responder.endpoint, AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" };
    const { code, stderr } = await runCli(["check"], { env: live });
    await responder.close();
    assert.equal(code, 2);
    assert.match(stderr, /sts:GetCallerIdentity answered InvalidClientTokenId.*Check the credentials/);
  });

  it("says that nobody answers at the endpoint", async () => {
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
  it("takes the one in the working directory, and guards what it names", async () => {
    const config = await writeTemporary(
      "drift-guard.config.ts",
      'const reference: string = "ecsTaskExecutionRole";\nexport default { roles: { ecsTaskExecutionRole: { reference } } };',
    );
    const { code, stdout } = await check(detached, [], { cwd: dirname(config) });
    assert.equal(code, 0);
    assert.match(stdout, /1 of 1 role clean/);
  });

  it("takes the one that is named", async () => {
    const config = await writeTemporary("mine.ts", "export default { roles: { AWSBatchServiceRole: {} } };");
    assert.equal((await check(detached, ["--config", config])).code, 1);
  });

  it("says what is wrong with one that is not valid", async () => {
    for (const [content, complaint] of [
      ["export default { roles: { AWSBatchServiceRole: { rolback: {} } } };", /rolback/],
      ["export default { roles: { Mine: {} } };", /there is no reference Mine;.*\n +→ at roles\.Mine$/m],
      ["export const roles = {};", /no default export/],
      ["export default 7;", /default export of the configuration .* is not an object/],
      ["syntax error", /cannot be loaded/],
    ] as const) {
      const config = await writeTemporary("mine.ts", content);
      const { code, stderr } = await check(cleanRoles(), ["--config", config]);
      assert.equal(code, 2, content);
      assert.match(stderr, complaint);
    }
    const absent = await check(cleanRoles(), ["--config", "/nonexistent/config.ts"]);
    assert.equal(absent.code, 2);
    assert.match(absent.stderr, /The configuration \/nonexistent\/config\.ts does not exist/);
  });
});
