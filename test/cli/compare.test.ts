import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { comparePolicies } from "@drift-guard/policy/compare";
import { CompareOutput } from "drift-guard/output/compare";
import { account } from "../builders.ts";
import { allow, deny, policy, trust } from "../policy/builders.ts";
import { readOutput } from "./outputs.ts";
import { runCli, runProcess, unwrap, writeTemporary } from "./process.ts";

const gets = policy(allow("s3:GetObject", "*"));
const all = policy(allow("s3:*", "*", { Sid: "Store" }));

async function compare(
  candidate: string | Uint8Array,
  reference: string | Uint8Array,
  args: readonly string[] = [],
) {
  const cwd = dirname(await writeTemporary("a.json", candidate));
  await writeFile(join(cwd, "b.json"), reference);
  return runCli(["compare", "a.json", "b.json", ...args], { cwd });
}

describe("compare", () => {
  it("exits 0 if two policies of different text mean the same", async () => {
    const other = JSON.stringify({
      Version: "2012-10-17",
      Statement: allow(["S3:getobject"], ["*"], { Sid: "" }),
    });
    const { code, stdout, stderr } = await compare(gets, other);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(stdout, "a.json and b.json allow and deny the same.\n");
  });

  it("exits 1 if one allows more, and prints it in one line with an example and the statement", async () => {
    const { code, stdout } = await compare(all, gets);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^a\.json allows everything that b\.json allows, and more\.\n\nOnly a\.json allows\n/,
    );
    assert.match(stdout, /^ {2}\+ s3:\* except s3:GetObject on \*\n {6}for example: s3:anything on \*$/m);
    assert.match(stdout, /^ {6}1\d\d actions today \(s3:AbortMultipartUpload, …\)$/m);
    assert.match(stdout, /^ {6}from \$\.Statement\[0\] \(Store\)$/m);
  });

  it("has sentences of their own for less and for both more and less", async () => {
    assert.match((await compare(gets, all)).stdout, /^a\.json allows less than b\.json\.$/m);
    const { code, stdout } = await compare(policy(allow("s3:PutObject", "*")), gets);
    assert.equal(code, 1);
    assert.match(stdout, /^a\.json and b\.json each allow something that the other does not\.$/m);
    assert.match(stdout, /Only a\.json allows\n {2}\+ s3:PutObject on \*/);
    assert.match(stdout, /Only b\.json allows\n {2}- s3:GetObject on \*/);
  });

  it("exits 1 if only the denied requests differ", async () => {
    const { code, stdout } = await compare(
      policy(allow("s3:GetObject", "*"), deny("iam:*", "*")),
      policy(allow("s3:GetObject", "*"), deny("ec2:RunInstances", "*")),
    );
    assert.equal(code, 1);
    assert.match(stdout, /^a\.json and b\.json allow the same but deny different requests\.$/m);
    assert.match(stdout, /Only a\.json denies\n {2}\+ iam:\* on \*/);
    assert.match(stdout, /Only b\.json denies\n {2}- ec2:RunInstances on \*/);
  });

  it("prints the actions of a grant in one list, and shortens only long ones", async () => {
    const many = (count: number) =>
      policy(
        allow(
          Array.from({ length: count }, (_, index) => `ec2:A${index + 100}`),
          "*",
        ),
      );
    assert.match(
      (await compare(many(20), policy())).stdout.replaceAll(/\n +/g, " "),
      /ec2:A118 and ec2:A119 on \*/,
    );
    assert.match(
      (await compare(many(600), policy())).stdout.replaceAll(/\n +/g, " "),
      /ec2:A117 and 582 more on \*/,
    );
  });

  it("reports actions that no service has as latent, and exits 1", async () => {
    const { code, stdout } = await compare(policy(allow("s3:Teleport*", "*")), policy());
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^a\.json allows everything that b\.json allows, and more, but only actions that no AWS service has\.$/m,
    );
    assert.match(unwrap(stdout), / Latent: .*\(catalogue of 20\d\d-\d\d-\d\d\) \+ s3:Teleport\* on \*/);
    assert.doesNotMatch(stdout, /Only a\.json allows/);
    const lost = await compare(policy(), policy(allow("s3:Teleport*", "*")));
    assert.match(lost.stdout, /^ {2}- s3:Teleport\* on \*/m);
  });

  it("does not report a name as latent that one of the policies spells out", async () => {
    const candidate = policy(allow("s3:Teleport*", "*"));
    const { stdout } = await compare(candidate, policy(deny("s3:TeleportBucket", "*")));
    assert.match(stdout, /Only a\.json allows\n {2}\+ s3:Teleport\* /);
    assert.doesNotMatch(stdout, /Latent/);
  });

  it("reports a condition on the own account as hardening with --account", async () => {
    const service = { Service: "batch.amazonaws.com" };
    const hardened = trust(service, { StringEquals: { "aws:SourceAccount": account } });
    const { code, stdout } = await compare(hardened, trust(service), ["--trust", "--account", account]);
    assert.equal(code, 1);
    assert.match(stdout, /^a\.json allows less than b\.json: it excludes only other accounts\.$/m);
    assert.match(stdout, /hardening of a\.json\)\n {2}- sts:AssumeRole by Service batch\.amazonaws\.com/);
    assert.match((await compare(hardened, trust(service))).stdout, /Only b\.json allows\n/);
  });

  it("reports the hardening of either policy", async () => {
    const service = { Service: "batch.amazonaws.com" };
    const hardened = trust(service, { StringEquals: { "aws:SourceAccount": account } });
    const { code, stdout } = await compare(trust(service), hardened, ["--trust", "--account", account]);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^a\.json allows everything that b\.json allows, and more, but only to other accounts\.$/m,
    );
    assert.match(stdout, /hardening of b\.json\)\n {2}\+ sts:AssumeRole by Service batch\.amazonaws\.com/);
    assert.doesNotMatch(stdout, /Only a\.json allows\n/);
    const open = await compare(trust(service), hardened);
    assert.match(open.stdout, /Only a\.json allows\n/);
    const inside = trust(service, { StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } });
    const unnamed = await compare(trust(service), inside, ["--account", account]);
    assert.match(unnamed.stdout, /and more, perhaps only to other organisations\.$/m);
  });

  it("reports a condition on an organisation as hardening only with --organization", async () => {
    const service = { Service: "batch.amazonaws.com" };
    const inside = trust(service, { StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } });
    const unnamed = await compare(inside, trust(service), ["--account", account]);
    assert.equal(unnamed.code, 1);
    assert.match(
      unnamed.stdout,
      /^a\.json allows less than b\.json, perhaps only to other organisations\.$/m,
    );
    assert.match(unwrap(unnamed.stdout), /perhaps only to other organisations \(name .*--organization\)/);
    const own = ["--account", account, "--organization", "o-a1b2c3d4e5"];
    const named = await compare(inside, trust(service), own);
    assert.match(named.stdout, /^a\.json allows less than b\.json: it excludes only other accounts\.$/m);
  });

  it("takes the partition from the policies", async () => {
    const root = trust({ AWS: `arn:aws-us-gov:iam::${account}:root` });
    assert.equal((await compare(trust({ AWS: account }), root)).code, 0);
    assert.equal((await compare(root, trust({ AWS: account }))).code, 0);
    const service = { Service: "batch.amazonaws.com" };
    const hardened = trust(service, {
      ArnLike: { "aws:SourceArn": `arn:aws-us-gov:batch:*:${account}:*` },
    });
    const { stdout } = await compare(hardened, trust(service), ["--account", account]);
    assert.match(stdout, /: it excludes only other accounts\.$/m);
  });

  // https://github.com/awslabs/cdk-eks-blueprints/issues/558, https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/124
  it("knows the two names of EC2 in China, and that ECS has one", async () => {
    const ops = `arn:aws-cn:iam::${account}:role/ops`;
    const by = (Service: string, more: object = {}) => trust({ Service, ...more });
    const named = await compare(
      by("ec2.amazonaws.com.cn", { AWS: ops }),
      by("ec2.amazonaws.com", { AWS: ops }),
    );
    assert.equal(named.code, 0);
    assert.equal((await compare(by("ec2.amazonaws.com.cn"), by("ec2.amazonaws.com"))).code, 0);
    assert.equal((await compare(by("ecs-tasks.amazonaws.com.cn"), by("ecs-tasks.amazonaws.com"))).code, 1);
  });

  it("takes --partition instead, as policies that name several leave it open", async () => {
    const both = policy(
      { Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" },
      { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
    );
    const spelled = both.replace(`"${account}"`, `"arn:aws-cn:iam::${account}:root"`);
    assert.equal((await compare(both, spelled)).code, 1);
    assert.equal((await compare(both, spelled, ["--partition", "aws-cn"])).code, 0);
  });

  it("prints the name and the condition key of an identity provider as the policy writes them", async () => {
    const issuer = "oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF";
    const federated = policy({
      Effect: "Allow",
      Principal: { Federated: `arn:aws-cn:iam::${account}:oidc-provider/${issuer}` },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${issuer}:sub`]: "system:serviceaccount:jobs:runner" } },
    });
    const { stdout } = await compare(federated, policy());
    const text = stdout.replaceAll(/\s+/g, "");
    assert.ok(text.includes(`Federatedarn:aws-cn:iam::${account}:oidc-provider/${issuer}when${issuer}:sub`));
    assert.ok(text.includes(`with${issuer}:sub=`), stdout);
  });

  it("exits 2 for an option that is no organisation or partition", async () => {
    assert.match((await compare(gets, gets, ["--organization", "acme"])).stderr, /acme is not the id of/);
    assert.match((await compare(gets, gets, ["--partition", "china"])).stderr, /china is not a partition/);
  });

  it("marks a grant that is only partly a difference", async () => {
    const many = Array.from({ length: 201 }, (_, index) => `s3:A${index}`);
    const { stdout } = await compare(all, policy(allow(many, "*")));
    assert.match(
      stdout,
      /^ {2}\+ s3:\* on \*, in part\n {6}in part: both policies decide some of these requests alike$/m,
    );
    assert.doesNotMatch((await compare(all, gets)).stdout, /in part/);
  });

  it("prints the conditions under which there is no difference", async () => {
    const batch = { Condition: { StringEquals: { "iam:PassedToService": "batch.amazonaws.com" } } };
    const { stdout } = await compare(
      policy(allow("iam:PassRole", "*")),
      policy(allow("iam:PassRole", "*", batch)),
    );
    assert.match(
      stdout.replaceAll(/\s+/g, " "),
      / \+ iam:PassRole on \* except when iam:passedtoservice StringEquals batch\.amazonaws\.com for example:/,
    );
  });

  it("prints what docs/comparing-policies.md shows", async () => {
    const page = await readFile(join(import.meta.dirname, "../../docs/comparing-policies.md"), "utf8");
    const [, candidate = "", reference = "", shown] =
      /## An example\n.*?```json\n(.*?)```.*?```json\n(.*?)```.*?```text\n(.*?)```/s.exec(page) ?? [];
    const { code, stdout } = await compare(candidate, reference);
    assert.equal(code, 1);
    assert.equal(stdout, shown);
  });

  it("names the closest statement of the other policy", async () => {
    const bob = { Condition: { StringEquals: { "aws:username": "bob" } }, Sid: "Bob" };
    const narrow = policy(allow("s3:GetObject", "*", bob));
    assert.match(
      (await compare(gets, narrow)).stdout,
      /^ {6}closest in b\.json: \$\.Statement\[0\] \(Bob\)$/m,
    );
    assert.match(
      (await compare(narrow, gets)).stdout,
      /^ {6}closest in a\.json: \$\.Statement\[0\] \(Bob\)$/m,
    );
    assert.doesNotMatch((await compare(gets, policy())).stdout, /closest/);
  });

  it("names a deleted principal, which alone is not a difference", async () => {
    const dangling = trust({ AWS: "AROAEXAMPLEEXAMPLE1" });
    const { code, stdout } = await compare(dangling, dangling, ["--trust"]);
    assert.equal(code, 0);
    assert.match(stdout, /^Deleted principals: /m);
    assert.match(stdout, /^ {2}! AROAEXAMPLEEXAMPLE1 in \$\.Statement\[0\] of a\.json$/m);
    assert.match(stdout, /^ {2}! AROAEXAMPLEEXAMPLE1 in \$\.Statement\[0\] of b\.json$/m);
    const healed = await compare(dangling, trust({ AWS: `arn:aws:iam::${account}:role/r` }), ["--trust"]);
    assert.equal(healed.code, 1);
    assert.match(healed.stdout, /Only a\.json allows\n {2}\+ sts:AssumeRole by AWS AROAEXAMPLEEXAMPLE1$/m);
  });

  it("exits 2 and names statement and reason if nothing differs but something is unknown", async () => {
    const strange = policy(
      allow("s3:GetObject", "*", { Condition: { StringSounds: { "aws:username": "bob" } } }),
    );
    const { code, stdout } = await compare(strange, policy());
    assert.equal(code, 2);
    assert.match(stdout, /^Cannot compare a\.json and b\.json\.$/m);
    assert.match(stdout.replaceAll(/\n +/g, " "), /\? .*StringSounds .*\$\.Statement\[0\] of a\.json/);
  });

  it("exits 1 if something differs and something else is unknown", async () => {
    const strange = allow("s3:GetObject", "*", { Condition: { StringSounds: { "aws:username": "bob" } } });
    const { code, stdout } = await compare(policy(strange, allow("iam:PassRole", "*")), policy());
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^a\.json allows something that b\.json does not; other differences are unknown\.$/m,
    );
  });

  it("exits 2 and names file and JSON path of an unreadable document", async () => {
    const { code, stdout } = await compare(gets, policy(allow("s3:*", "*", { Effect: "allow" })));
    assert.equal(code, 2);
    assert.match(stdout, /\? b\.json: .*\$\.Statement\[0\]\.Effect must be exactly/);
    const broken = await compare('{"Statement": [', gets);
    assert.equal(broken.code, 2);
    assert.match(broken.stdout, /\? a\.json: .*line 1, column 16/);
  });

  it("says what to pass if a file holds another answer of IAM, or no policy object", async () => {
    for (const [content, complaint] of [
      [
        { PolicyVersion: { Document: {} } },
        /PolicyVersion is not a policy element\. .*If this is the answer of get-policy-version, pass only its Document \(--query PolicyVersion\.Document\)\./,
      ],
      [{ Policy: { Arn: "x" } }, /Policy is not a policy element\. .* pass that of get-policy-version/],
      [{ Statements: [] }, /Statements is not a policy element\. Known here: Version, Id, Statement/],
      ["text", /holds a JSON string, not a policy object/],
      [[], /holds a JSON list, not a policy object/],
    ] as const) {
      const { code, stdout } = await compare(gets, JSON.stringify(content));
      assert.equal(code, 2);
      assert.match(unwrap(stdout), complaint);
    }
  });

  it("exits 2 and names a statement of the wrong kind", async () => {
    const { code, stdout } = await compare(gets, gets, ["--trust"]);
    assert.equal(code, 2);
    assert.match(stdout.replaceAll(/\n +/g, " "), /\? a\.json: .*trust policy.* \(\$\.Statement\[0\]\)/);
  });

  it("reads one of the two from standard input", async () => {
    const file = await writeTemporary("b.json", gets);
    const first = await runProcess(["compare", "-", file], { input: gets });
    assert.equal(first.code, 0);
    assert.match(first.stdout, /^standard input and .*b\.json allow and deny the same\.$/m);
    assert.equal((await runProcess(["compare", file, "-"], { input: all })).code, 1);
  });

  it("reads percent-encoded text, and a byte order mark", async () => {
    assert.equal((await compare(encodeURIComponent(gets), `\uFEFF${gets}\r\n`)).code, 0);
  });

  it("reads UTF-16, as PowerShell's > writes it", async () => {
    const marked = await writeTemporary("a.json", Buffer.from(`\uFEFF${gets}\r\n`, "utf16le"));
    const unmarked = await writeTemporary("b.json", Buffer.from(gets, "utf16le").swap16());
    assert.equal((await runCli(["compare", marked, unmarked])).code, 0);
  });

  it("prints the comparison with --json", async () => {
    const { code, stdout } = await compare(all, gets, ["--json"]);
    assert.equal(code, 1);
    assert.deepEqual(readOutput(CompareOutput, stdout), { schema: 1, ...comparePolicies(all, gets) });
    const latent = readOutput(
      CompareOutput,
      (await compare(policy(allow("s3:Teleport*", "*")), policy(), ["--json"])).stdout,
    );
    assert.equal(latent.relation, "wider");
    assert.deepEqual(latent.excess, []);
    assert.deepEqual(latent.latent[0]?.actions, ["s3:Teleport*"]);
    const unread = await compare(gets, "[]", ["--json"]);
    assert.equal(unread.code, 2);
    const [reason] = readOutput(CompareOutput, unread.stdout).undecided;
    assert.deepEqual([reason?.code, reason?.side, reason?.path], ["syntax", "reference", "$"]);
  });

  it("rejects arguments that it does not take", async () => {
    const file = await writeTemporary("a.json", gets);
    for (const [args, complaint] of [
      [[file], /compare takes two policy documents/],
      [[file, file, file], /compare takes two policy documents/],
      [["-", "-"], /can be only one of the two policies/],
      [[file, file, "--account", "123"], /123 is not an account id/],
      [[file, await writeTemporary("b.json", " \n")], /b\.json cannot be read: it is empty/],
      [[file, `${file}.not`], /There is no file .*a\.json\.not\. Check the path\./],
      [
        [file, await writeTemporary("b.json", Uint8Array.of(0x7b, 0xff))],
        /b\.json cannot be read: it is not valid UTF-8/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await runCli(["compare", ...args]);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(unwrap(stderr), complaint);
      assert.doesNotMatch(stderr, /\n {4}at /);
    }
  });

  it("prints text from outside without its control characters", async () => {
    const sid = "\u001b[2Jgone\u202e";
    const { stdout } = await compare(policy(allow("s3:*\u0007", "*", { Sid: sid })), policy());
    assert.ok(stdout.includes("gone"));
    assert.doesNotMatch(stdout, /[^\P{Cc}\n]|\p{Cf}/u);
  });
});
