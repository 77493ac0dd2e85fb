import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { FixStep } from "@drift-guard/core/model/fix";
import { managedPart, partOf } from "@drift-guard/core/model/part";
import { createVirtualClock } from "@drift-guard/embedded/clock";
import { createSimulatedAccount } from "@drift-guard/embedded/iam/account";
import { createIdGenerator } from "@drift-guard/embedded/iam/ids";
import { formatAsff } from "@drift-guard/formats/asff";
import { endSessions } from "@drift-guard/formats/sessions";
import { formatStepCommands, quoteArgument } from "@drift-guard/formats/steps";
import { formatText } from "@drift-guard/formats/text";
import { decide } from "@drift-guard/policy/decide";
import { parsePolicy } from "@drift-guard/policy/parse";
import fc from "fast-check";
import {
  account,
  aDrift,
  aFinding,
  aFix,
  allow,
  anAnnouncement,
  aTransition,
  noon,
  secondsAfterNoon,
  trustOf,
} from "../builders.ts";
import { evil } from "./transitions.ts";

const part = managedPart("arn");
const role = "team=a,b.c@d-e_f+1";
const arn = `arn:aws:iam::${account}:policy/a'b"c$d\`e\\f|g&h;i(j)<k>!#~/P`;
const document = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Sid: "A",
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: 'arn:aws:s3:::it\'s $HOME `id` \\ "b"/*',
      Condition: { StringEquals: { "aws:PrincipalTag/a": ["\u202Eé\n\t", "😀"] } },
    },
  ],
});
const steps: readonly FixStep[] = [
  { role, part, call: "iam:AttachRolePolicy", policyArn: arn },
  { role, part, call: "iam:DetachRolePolicy", policyArn: arn },
  { role, part, call: "iam:PutRolePolicy", policyName: "P", document },
  { role, part, call: "iam:DeleteRolePolicy", policyName: "P" },
  { role, part, call: "iam:UpdateAssumeRolePolicy", document },
  { role, call: "iam:CreateRole", path: "/it's/", document },
  { role, call: "iam:CreateRole", path: "/", document, boundary: arn },
  {
    role,
    call: "iam:CreateRole",
    path: "/",
    document,
    description: "-it's `id`",
    maxSession: 7_200,
    tags: { "a,b=": "it's", team: "" },
  },
  { role, call: "iam:CreateServiceLinkedRole", service: "batch.amazonaws.com" },
  { role, part: partOf("boundary"), call: "iam:DeleteRolePermissionsBoundary" },
  { role, call: "iam:AddRoleToInstanceProfile", profile: role },
];

describe("a printed command, pasted into a shell", () => {
  const folder = mkdtempSync(join(tmpdir(), "drift-guard-commands-"));
  before(() => {
    // Prints each of its arguments with a NUL after it, and fails where the instance profile does not exist.
    const program = `#!/bin/sh\nprintf '%s\\000' "$@" >> "$ARGUMENTS"\nprintf '\\000' >> "$ARGUMENTS"\n[ "$2" != get-instance-profile ]\n`;
    writeFileSync(join(folder, "aws"), program);
    chmodSync(join(folder, "aws"), 0o755);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Returns the arguments of each call of `aws`. */
  const paste = (text: string): readonly (readonly string[])[] => {
    const file = join(folder, "arguments");
    writeFileSync(file, "");
    const output = execFileSync("sh", ["-c", text], {
      env: { PATH: `${folder}:${process.env.PATH}`, ARGUMENTS: file },
      encoding: "utf8",
    });
    assert.equal(output, "");
    const recorded = execFileSync("cat", [file], { encoding: "utf8" });
    return recorded
      .split("\0\0")
      .filter((call) => call !== "")
      .map((call) => call.split("\0"));
  };
  const argument = (call: readonly string[] | undefined, option: string) =>
    call?.[call.indexOf(option) + 1] ?? "";

  for (const step of steps) {
    it(`is one line, and gives the AWS CLI what the step holds: ${step.call}`, () => {
      const commands = formatStepCommands(step, "aws-cn") ?? [];
      for (const command of commands) assert.doesNotMatch(command, /[\p{Cc}\p{Cf}…]/u);
      const calls = paste(commands.join("\n"));
      const last = calls.at(-1);
      assert.deepEqual(last?.slice(0, 1), ["iam"]);
      assert.equal(argument(last, "--region"), "cn-north-1");
      if (step.call !== "iam:CreateServiceLinkedRole") assert.equal(argument(last, "--role-name"), role);
      if ("policyArn" in step) assert.equal(argument(last, "--policy-arn"), arn);
      if ("document" in step) {
        const option = step.call === "iam:CreateRole" ? "--assume-role-policy-document" : "--policy-document";
        assert.deepEqual(JSON.parse(argument(last, option)), JSON.parse(document));
      }
      if (step.call === "iam:CreateRole" && step.tags) {
        assert.ok(last?.includes(`--description=${step.description}`));
        assert.equal(argument(last, "--max-session-duration"), String(step.maxSession));
        assert.deepEqual(
          JSON.parse(argument(last, "--tags")),
          Object.entries(step.tags).map(([Key, Value]) => ({ Key, Value })),
        );
      }
      if ("boundary" in step) assert.equal(argument(last, "--permissions-boundary"), step.boundary);
      if (step.call === "iam:AddRoleToInstanceProfile") {
        assert.deepEqual(
          calls.map(([, name]) => name),
          ["get-instance-profile", "create-instance-profile", "add-role-to-instance-profile"],
        );
      }
    });
  }

  it("gives a name that begins with a hyphen with its option, where the AWS CLI takes it for no option", () => {
    for (const step of steps) {
      const named = { ...step, role: "-x", ...("policyName" in step && { policyName: "--p" }) };
      for (const call of paste((formatStepCommands(named) ?? []).join("\n"))) {
        assert.ok(!call.includes("-x") && !call.includes("--p"), call.join(" "));
        if (call.some((text) => text.startsWith("--role-name"))) assert.ok(call.includes("--role-name=-x"));
        if (call.some((text) => text.startsWith("--policy-name"))) {
          assert.ok(call.includes("--policy-name=--p"));
        }
      }
    }
  });

  it("names a role that begins with a hyphen by its ARN, for drift-guard would take the name for an option", () => {
    const { body } = formatText(
      anAnnouncement(aTransition({ finding: aFinding({ role: { account, name: "-x" } }) })),
    );
    assert.match(body, /drift-guard check arn:aws:iam::\d+:role\/\S+$/m);
    assert.doesNotMatch(body, /check -x/);
  });

  it("quotes a name that zsh would replace by the path of a program", () => {
    assert.equal(quoteArgument("=ls"), "'=ls'");
    assert.equal(quoteArgument("a=ls"), "a=ls");
  });

  it("is whole in the text message, however long its policy is", () => {
    const long = allow(
      Array.from({ length: 400 }, (_, index) => `s3:Get${index}x${"y".repeat(10)}`),
      "arn:aws:s3:::b/*",
    );
    const fix = aFix({ steps: [{ role, part, call: "iam:PutRolePolicy", policyName: "P", document: long }] });
    const finding = aFinding({ role: { account, name: role }, evidence: aDrift({ fix }) });
    const { body } = formatText(anAnnouncement(aTransition({ finding })));
    const command = body.split("\n").find((line) => line.includes("put-role-policy"));
    const [call] = paste(command ?? "");
    assert.equal(argument(call, "--policy-document"), long);
    const text = formatAsff(anAnnouncement(aTransition({ finding })), {
      account,
      region: "us-east-1",
      partition: "aws",
    }).Remediation.Recommendation.Text;
    assert.doesNotMatch(text, /put-role-policy/, "a cut command does something else");
    assert.ok(text.endsWith(`npx drift-guard check ${role} --plan`), text);
  });

  it("ends the sessions issued before a time, and replaces no policy of the role", async () => {
    const clock = createVirtualClock(noon);
    const iam = createSimulatedAccount({ account, clock, ids: createIdGenerator(), awsPolicies: [] });
    const root = { kind: "root" } as const;
    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }],
    });
    const assumeRolePolicyDocument = trustOf("batch.amazonaws.com");
    iam.call({ call: "CreateRole", roleName: "r", path: "/", assumeRolePolicyDocument }, root);
    const contain = { roleName: "r", policyName: "AWSRevokeOlderSessions", policyDocument };
    iam.call({ call: "PutRolePolicy", ...contain }, root);
    const end = endSessions(aFinding({ role: { account, name: "r" } }), noon);
    const [call] = paste(end?.command ?? "");
    assert.deepEqual(call?.slice(0, 2), ["iam", "put-role-policy"]);
    const put = {
      roleName: argument(call, "--role-name"),
      policyName: argument(call, "--policy-name"),
      policyDocument: argument(call, "--policy-document"),
    };
    assert.equal(iam.call({ call: "PutRolePolicy", ...put }, root).status, "done");
    const reading = await iam.reader(root).read("r");
    assert.ok(reading.status === "present");
    const inline = new Map(reading.role.inline.map(({ name, text }) => [name, text]));
    assert.deepEqual([...inline.keys()].sort(), [contain.policyName, put.policyName].sort());
    assert.equal(inline.get(contain.policyName), policyDocument);
    const decided = (issued: string) =>
      decide(
        { action: "s3:GetObject", resource: "arn:aws:s3:::b/k", context: { "aws:tokenissuetime": issued } },
        [parsePolicy(allow("*")), parsePolicy(put.policyDocument)],
      );
    assert.equal(decided(noon), "explicitDeny");
    assert.equal(decided(secondsAfterNoon(31)), "allowed");
  });

  it("is not printed if an argument has characters that cannot be printed", () => {
    for (const step of steps.slice(0, 4)) {
      assert.equal(formatStepCommands({ ...step, role: evil }), undefined);
    }
    const unread = { role, part, call: "iam:PutRolePolicy", policyName: "P", document: "{" } as const;
    assert.equal(formatStepCommands(unread), undefined);
  });

  it("quotes any printable argument so that the shell gives it on unchanged", () => {
    const characters = fc.constantFrom(..."aZ09'\"$`\\|&;<>(){}[]*?!#~ =é😀-");
    const texts = fc.array(fc.string({ unit: characters, minLength: 1 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(texts, (drawn) => {
        assert.deepEqual(paste(`aws ${drawn.map(quoteArgument).join(" ")}`), [drawn]);
      }),
      { numRuns: 20 },
    );
  });
});
