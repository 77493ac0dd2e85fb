import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from "@aws-sdk/client-cloudformation";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { JsonValue } from "@drift-guard/infra/synth/synthesis";
import { omitUnknownAlarms } from "@drift-guard/local/deployment/template";
import { unzipSync } from "fflate";
import * as z from "zod";
import everything from "../infra/configs/everything.ts";
import { withEmulators } from "../local/emulated-suite.ts";
import { runCli, unwrap } from "./process.ts";

const folder = await mkdtemp(join(tmpdir(), "drift-guard-template-"));
const out = join(folder, "out");
const pipeline = "arn:aws:iam::999988887777:role/pipeline";
const config = join(folder, "drift-guard.config.json");
await writeFile(config, JSON.stringify({ ...everything, trustedActors: [pipeline] }));
const run = await runCli(["template", "--out", out, "--config", config]);
after(() => rm(folder, { recursive: true, force: true }));

const json: z.ZodType<JsonValue> = z.json();
const Functions = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({ Type: z.string(), Properties: z.record(z.string(), json) }),
  ),
});
const readTemplate = async (name: string) =>
  Functions.parse(JSON.parse(await readFile(join(out, name), "utf8")));

describe("template --out", () => {
  it("writes one template for each Region, and an archive of each function named after its content", async () => {
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual((await readdir(out)).sort(), [
      "events.eu-west-1.template.json",
      "functions",
      "guard.us-east-1.template.json",
    ]);
    const archives = await readdir(join(out, "functions"));
    assert.deepEqual(archives.map((name) => name.replace(/-[0-9a-f]{16}\.zip$/, "")).sort(), [
      "detect",
      "lookup",
      "notify",
      "publish",
      "respond",
      "rollback",
      "securityhub",
      "sweep",
    ]);
    for (const name of archives) {
      const digest = createHash("sha256")
        .update(await readFile(join(out, "functions", name)))
        .digest("hex");
      assert.ok(name.endsWith(`-${digest.slice(0, 16)}.zip`), name);
      assert.match(run.stdout, new RegExp(`functions/${RegExp.escape(name)}`));
    }
    const { Resources } = await readTemplate("guard.us-east-1.template.json");
    const codes = Object.values(Resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
    assert.deepEqual(
      codes
        .map(
          ({ Properties }) =>
            z.object({ Code: z.object({ S3Key: z.object({ "Fn::Sub": z.string() }) }) }).parse(Properties)
              .Code.S3Key["Fn::Sub"],
        )
        .sort(),
      archives.map((name) => `\${ArtefactPrefix}${name}`).sort(),
    );
    assert.equal(Resources.Findings?.Properties.DeletionProtectionEnabled, true);
  });

  it("packs every file that a function imports, also those that it loads when they are needed", async () => {
    for (const name of await readdir(join(out, "functions"))) {
      const files = unzipSync(await readFile(join(out, "functions", name)));
      const code = Object.entries(files).filter(([file]) => file.endsWith(".mjs"));
      assert.ok("index.mjs" in files, name);
      for (const [file, content] of code)
        for (const [, imported = ""] of Buffer.from(content)
          .toString()
          .matchAll(/(?:\bfrom|\bimport)\s*\(?"\.\/([\w-]+\.mjs)"/g))
          assert.ok(imported in files, `${file} of ${name} imports ${imported}`);
    }
  });

  it("names the configuration, and the accounts that it names", () => {
    const text = unwrap(run.stdout);
    assert.ok(text.includes(`Configuration: ${config}.`), text);
    assert.match(text, /name accounts \(999988887777\)\. They stay as they are/);
  });

  it("refuses a folder with other files, and options of the other template", async () => {
    const foreign = await runCli(["template", "--out", folder, "--config", config]);
    assert.equal(foreign.code, 2);
    assert.match(unwrap(foreign.stderr), /such as drift-guard\.config\.json/);
    for (const args of [
      ["--out", out, "--account", "123456789012"],
      ["--hub-forwarding", "--out", out],
      [],
    ]) {
      const { code, stderr } = await runCli(["template", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, /--hub-forwarding/);
    }
  });
});

withEmulators("the template of the guard's Region", (services) => {
  const file = "guard.us-east-1.template.json";
  const stackName = "drift-guard";
  const readDeployable = async () => omitUnknownAlarms(await readTemplate(file));

  /** Deploys the template to an account, as somebody does who has only the folder that the command wrote. */
  async function deploy(account: string) {
    const { ministack } = services().emulators;
    const settings = {
      endpoint: ministack,
      region: "us-east-1",
      // The emulator takes an access key of 12 digits for the account.
      credentials: { accessKeyId: account, secretAccessKey: "local" },
    };
    const bucket = `artefacts-${account}`;
    const scope = `${account}/20200101/us-east-1/s3/aws4_request`;
    const put = async (path: string, body?: Uint8Array<ArrayBuffer>) => {
      const response = await fetch(`${ministack}/${bucket}${path}`, {
        method: "PUT",
        headers: {
          authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
        },
        ...(body && { body }),
      });
      assert.ok(response.ok, path);
    };
    await put("");
    for (const name of await readdir(join(out, "functions")))
      await put(`/v1/${name}`, new Uint8Array(await readFile(join(out, "functions", name))));
    await put(`/${file}`, new TextEncoder().encode(JSON.stringify(await readDeployable())));
    const cloudformation = new CloudFormationClient(settings);
    const parameters = {
      Stage: "blue",
      ArtefactBucket: bucket,
      ArtefactPrefix: "v1/",
      Email1: "team@example.com",
      Email2: "",
    };
    await cloudformation.send(
      new CreateStackCommand({
        StackName: stackName,
        TemplateURL: `${ministack}/${bucket}/${file}`,
        Capabilities: ["CAPABILITY_NAMED_IAM"],
        Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
      }),
    );
    let status = "CREATE_IN_PROGRESS";
    for (let left = 600; left > 0 && status.endsWith("_IN_PROGRESS"); left--) {
      await pause(50);
      const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: stackName }));
      status = Stacks?.[0]?.StackStatus ?? "";
    }
    const resources = await cloudformation.send(new DescribeStackResourcesCommand({ StackName: stackName }));
    const detect = await new LambdaClient(settings).send(
      new GetFunctionConfigurationCommand({ FunctionName: "drift-guard-blue-detect" }),
    );
    return { status, resources: resources.StackResources ?? [], detect };
  }

  for (const account of ["111122223333", "444455556666"]) {
    it(`deploys the whole guard to account ${account}`, async () => {
      const { Resources } = await readDeployable();
      const { status, resources, detect } = await deploy(account);
      assert.equal(status, "CREATE_COMPLETE");
      assert.deepEqual(
        resources.map(({ LogicalResourceId }) => LogicalResourceId).sort(),
        Object.keys(Resources)
          .filter((id) => !id.endsWith("Email2"))
          .sort(),
      );
      assert.equal(
        detect.FunctionArn,
        `arn:aws:lambda:us-east-1:${account}:function:drift-guard-blue-detect`,
      );
      assert.equal(detect.Role, `arn:aws:iam::${account}:role/drift-guard-blue-detect`);
      assert.equal(
        detect.Environment?.Variables?.GUARD_ROLE_ARN,
        `arn:aws:iam::${account}:role/drift-guard-blue-rollback`,
      );
    });
  }
});
