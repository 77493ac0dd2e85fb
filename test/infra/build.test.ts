import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Bundle, buildFunctions } from "@drift-guard/infra/build";
import { lambdas } from "@drift-guard/infra/bundles";
import * as z from "zod";
import { type Answer, type Call, json, refusal, withResponder } from "../aws/responder.ts";
import { account, batchServicePolicy } from "../builders.ts";

const everything = join(import.meta.dirname, "configs/everything.ts");

/** The most that a start of each function loads, in KB: about a twentieth more than in November 2026. */
const limits = new Map([
  ["detect", 800],
  ["lookup", 570],
  ["notify", 700],
  ["publish", 320],
  ["respond", 690],
  ["rollback", 800],
  ["securityhub", 830],
  ["sweep", 850],
]);

/** Returns the text of each file of code in a bundle's folder. */
async function readCode(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  return Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
}

/** An account that has no role, no compute environment and no stored item. */
function answerNothing({ service, action, body }: Call): Answer {
  if (service === "iam") return refusal("NoSuchEntity", "There is no such entity.", 404);
  if (service === "batch") return json({ computeEnvironments: [] });
  if (service === "dynamodb") return json(action === "Query" ? { Items: [], Count: 0 } : {});
  const { MessageBody } = z.object({ MessageBody: z.string() }).parse(JSON.parse(body));
  return json({ MessageId: "1", MD5OfMessageBody: createHash("md5").update(MessageBody).digest("hex") });
}

const Loaded = z.object({
  atStart: z.array(z.string()),
  later: z.array(z.string()),
  response: z.unknown(),
});

/** Returns the message of a call's event. */
function eventOf(eventSource: string, eventName: string, requestParameters: object): string {
  const detail = {
    eventID: "e-1",
    eventTime: new Date().toISOString(),
    awsRegion: "us-east-1",
    recipientAccountId: account,
    eventSource,
    eventName,
    requestParameters,
  };
  const source = `aws.${eventSource.replace(".amazonaws.com", "")}`;
  return JSON.stringify({ source, "detail-type": "AWS API Call via CloudTrail", account, detail });
}

/** Handles a message in a process of its own, against an endpoint. Returns the names of the files that it loaded, and its log. */
async function runBundle(file: string, endpoint: string, message: string) {
  const script = join(import.meta.dirname, "loaded-files.ts");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, file, message], {
    env: {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_ENDPOINT_URL: endpoint,
      POWERTOOLS_METRICS_DISABLED: "true",
      FINDINGS_TABLE: "findings",
      CONTROL_TABLE: "control",
      CHANGES_QUEUE_URL: `${endpoint}/changes`,
      LOOKUPS_QUEUE_URL: `${endpoint}/lookups`,
    },
  });
  return { ...Loaded.parse(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")), log: stderr };
}

describe("the bundles", () => {
  let out: string;
  let bundles: readonly Bundle[];

  before(async () => {
    out = await mkdtemp(join(tmpdir(), "drift-guard-build-"));
    bundles = await buildFunctions({ config: everything, out });
  });
  after(() => rm(out, { recursive: true, force: true }));

  it("exist for each Lambda of the stack and no others", async () => {
    assert.deepEqual(bundles.map(({ name }) => name).sort(), Object.values(lambdas).toSorted());
    assert.deepEqual((await readdir(out)).sort(), Object.values(lambdas).toSorted());
  });

  it("load without any installed package, and export a handler", async () => {
    for (const { name, file } of bundles) {
      const module: unknown = await import(pathToFileURL(file).href);
      assert.ok(typeof module === "object" && module !== null && "handler" in module, name);
      assert.equal(typeof module.handler, "function", name);
    }
  });

  it("load no more than their limits at their start, and report their true size", async () => {
    for (const { name, folder, bytes, startBytes } of bundles) {
      const code = await readCode(folder);
      assert.equal(bytes, Buffer.byteLength(code.join("")), name);
      assert.ok(startBytes <= bytes, name);
      const limit = (limits.get(name) ?? 0) * 1024;
      assert.ok(startBytes < limit, `${name} loads ${startBytes} bytes at its start, more than ${limit}`);
    }
  });

  it("load nothing more for the event of a changed role, and the clients of AWS Batch for one of AWS Batch", async () => {
    const detect = bundles.find(({ name }) => name === "detect");
    await withResponder(answerNothing, async ({ endpoint, calls }) => {
      const change = { roleName: "AWSBatchServiceRole", policyArn: batchServicePolicy };
      const ordinary = await runBundle(
        detect?.file ?? "",
        endpoint,
        eventOf("iam.amazonaws.com", "DetachRolePolicy", change),
      );
      assert.deepEqual(ordinary.response, { batchItemFailures: [] });
      assert.ok(calls.includes("GetRole"));
      assert.ok(ordinary.atStart.includes("index.mjs"));
      assert.deepEqual(ordinary.later, []);

      const update = { computeEnvironment: "spot", serviceRole: "AWSBatchServiceRole" };
      const seldom = await runBundle(
        detect?.file ?? "",
        endpoint,
        eventOf("batch.amazonaws.com", "UpdateComputeEnvironment", update),
      );
      assert.deepEqual(seldom.response, { batchItemFailures: [] });
      assert.equal(seldom.later.length, 1);
      assert.match(seldom.later[0] ?? "", /^batch-client/);
    });
  });

  it("name the sources in the stacks of their errors, and handle messages also without the source maps", async () => {
    const detect = bundles.find(({ name }) => name === "detect")?.folder ?? "";
    const bare = join(out, "without-maps");
    await cp(detect, bare, { recursive: true, filter: (path) => !path.endsWith(".map") });
    await withResponder(answerNothing, async ({ endpoint }) => {
      const mapped = await runBundle(join(detect, "index.mjs"), endpoint, "{");
      assert.deepEqual(mapped.response, { batchItemFailures: [{ itemIdentifier: "1" }] });
      assert.match(
        mapped.log,
        /MessageUnreadableError: [^"]*\\n +at [^"]*\(packages\/core\/intake\/[\w-]+\.ts:\d+:\d+\)/,
      );
      const unmapped = await runBundle(join(bare, "index.mjs"), endpoint, "{");
      assert.deepEqual(unmapped.response, mapped.response);
      assert.match(unmapped.log, /MessageUnreadableError: [^"]*\\n +at [^"]*\/index\.mjs:\d+:\d+\)/);
    });
    await rm(bare, { recursive: true });
  });

  it("name the sources from the root of the repository, wherever they were built", async () => {
    for (const { name, folder } of bundles) {
      const { sources } = z
        .object({ sources: z.array(z.string()) })
        .parse(JSON.parse(await readFile(join(folder, "index.mjs.map"), "utf8")));
      assert.ok(sources.includes(`functions/${name}.ts`), name);
      for (const source of sources)
        assert.match(source, /^(?:functions|packages|node_modules)\/|config/, name);
    }
  });

  it("take their credentials from the environment, and contain no client that signs a person in", async () => {
    for (const { name, folder } of bundles) {
      assert.equal((await readCode(folder)).join("").includes("AWSSSOOIDCService"), false, name);
    }
  });

  it("contain the ECS client in the sweep only, which reads agents", async () => {
    const holders: string[] = [];
    for (const { name, folder } of bundles) {
      if ((await readCode(folder)).join("").includes("AmazonEC2ContainerServiceV20141113"))
        holders.push(name);
    }
    assert.deepEqual(holders, ["sweep"]);
  });

  it("contain the clients of secrets, keys and parameters in detect and sweep only", async () => {
    for (const service of ["secretsmanager", "kms", "ssm"]) {
      const holders: string[] = [];
      for (const { name, folder } of bundles) {
        if ((await readCode(folder)).join("").includes(`com.amazonaws.${service}`)) holders.push(name);
      }
      assert.deepEqual(holders.sort(), ["detect", "sweep"], service);
    }
  });

  it("contain the given config instead of the repository's own", async () => {
    const detect = bundles.find(({ name }) => name === "detect");
    assert.match((await readCode(detect?.folder ?? "")).join(""), /oncall@example\.com/);
  });

  it("stay unchanged when a build fails", async () => {
    await assert.rejects(buildFunctions({ config: join(out, "none.ts"), out }), {
      name: "BundleError",
      message: /could not be bundled.*none\.ts/s,
    });
    assert.deepEqual((await readdir(out)).sort(), Object.values(lambdas).toSorted());
  });
});
