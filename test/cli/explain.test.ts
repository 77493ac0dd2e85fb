import assert from "node:assert/strict";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createGzip, gzipSync } from "node:zlib";
import { ExplainOutput } from "drift-guard/output/explain";
import * as z from "zod";
import { account } from "../builders.ts";
import { readOutput } from "./outputs.ts";
import { type Run, runCli, runProcess, unwrap, writeTemporary } from "./process.ts";

/** A record of DetachRolePolicy as CloudTrail writes it. */
function aRecord(over: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    eventVersion: "1.11",
    userIdentity: { type: "IAMUser", arn: `arn:aws:iam::${account}:user/mallory`, accountId: account },
    eventTime: "2026-11-22T12:00:00Z",
    eventSource: "iam.amazonaws.com",
    eventName: "DetachRolePolicy",
    awsRegion: "us-east-1",
    sourceIPAddress: "203.0.113.7",
    userAgent: "aws-cli/2.17.32",
    requestParameters: { roleName: "AWSBatchServiceRole", policyArn: "arn:aws:iam::aws:policy/x" },
    responseElements: null,
    requestID: "b0561c15-e0c1-4e34-9337-6d60612f45be",
    eventID: "6c1eed73-00ee-4810-8009-c9ce5990c100",
    recipientAccountId: account,
    ...over,
  };
}

const anEnvelope = (detail: unknown) => ({
  version: "0",
  id: "1",
  "detail-type": "AWS API Call via CloudTrail",
  source: "aws.iam",
  account,
  region: "us-east-1",
  resources: [],
  detail,
});

/** A digest file, shortened (CloudTrail User Guide, "CloudTrail digest file structure"). */
const aDigest = {
  awsAccountId: account,
  digestStartTime: "2026-11-22T14:01:31Z",
  digestEndTime: "2026-11-22T15:01:31Z",
  digestS3Bucket: "amzn-s3-demo-bucket",
  logFiles: [{ s3Bucket: "amzn-s3-demo-bucket", s3Object: "AWSLogs/1.json.gz", hashAlgorithm: "SHA-256" }],
};

async function explain(input: string | Uint8Array, args: readonly string[] = []) {
  return runCli(["explain", "-", ...args], { input });
}

function readLines({ code, stdout }: Run) {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { code, lines: lines.map((line) => readOutput(ExplainOutput, line)) };
}

const problemOf = (line: ReturnType<typeof readLines>["lines"][number] | undefined) =>
  line?.kind === "unreadable" ? line.problem : "";

const uploads = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    aRecord({ eventName: "PutObject", eventSource: "s3.amazonaws.com", eventID: `${index}` }),
  );

describe("explain", () => {
  it("knows a role that matches a pattern of the configuration", async () => {
    const config = await writeTemporary(
      "config.json",
      JSON.stringify({ roles: { "batch-job-*": { reference: "ecsTaskExecutionRole" } } }),
    );
    const record = aRecord({
      requestParameters: { roleName: "Batch-Job-7", policyName: "x", policyArn: "arn:aws:iam::aws:policy/x" },
    });
    const {
      lines: [line],
    } = readLines(await explain(JSON.stringify(record), ["--config", config, "--json"]));
    assert.deepEqual(line?.kind === "change" && line.guarded, ["Batch-Job-7"]);
  });

  it("prints call, actor, outcome, subject and the watched role", async () => {
    const { code, stdout, stderr } = await explain(JSON.stringify(aRecord()));
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /#1 2026-11-22T12:00:00Z iam:DetachRolePolicy succeeded/);
    assert.match(stdout, /by arn:aws:iam::123456789012:user\/mallory from 203\.0\.113\.7 \(aws-cli/);
    assert.match(stdout, /on role AWSBatchServiceRole/);
    assert.match(
      stdout,
      /watched: AWSBatchServiceRole; the guard reads the role now, and once more after 120 seconds$/m,
    );
    assert.match(stdout, /^1 record: 1 on watched roles, 0 on other roles, 0 ignored, 0 unreadable$/m);
  });

  it("prints a refused call as an attempt that changed nothing", async () => {
    const { stdout } = await explain(
      JSON.stringify(aRecord({ errorCode: "UnmodifiableEntityException", errorMessage: "protected" })),
    );
    assert.match(unwrap(stdout), /was refused \(UnmodifiableEntityException\) and changed nothing /);
    assert.match(unwrap(stdout), /after 120 seconds; it reports the refused call/);
  });

  it("prints a call that failed without a denial as one that is not reported", async () => {
    const { stdout } = await explain(
      JSON.stringify(aRecord({ errorCode: "ThrottlingException", errorMessage: "Rate exceeded" })),
    );
    assert.match(unwrap(stdout), /failed \(ThrottlingException\) and changed nothing /);
    assert.doesNotMatch(stdout, /it reports the refused call/);
  });

  it("says that the outcome is unknown where the service had a fault", async () => {
    const { stdout } = await explain(
      JSON.stringify(aRecord({ errorCode: "InternalFailure", errorMessage: "An internal failure occurred" })),
    );
    assert.match(unwrap(stdout), /failed \(InternalFailure\); it may have changed something all the same /);
    assert.match(unwrap(stdout), /watched: AWSBatchServiceRole; the guard reads the role now/);
    assert.doesNotMatch(stdout, /changed nothing/);
  });

  it("says why a record does not concern the guard", async () => {
    const { code, stdout } = await explain(
      JSON.stringify([
        ...uploads(1),
        aRecord({ requestParameters: { roleName: "Other" } }),
        anEnvelope(
          aRecord({
            requestParameters: { policyArn: "arn:aws:iam::123456789012:policy/own" },
            eventName: "CreatePolicyVersion",
          }),
        ),
      ]),
      ["--all"],
    );
    assert.equal(code, 0);
    assert.match(stdout, /#1 ignored: s3:PutObject/);
    assert.match(stdout, /on role Other\n +not watched/);
    assert.match(
      unwrap(stdout),
      /on policy arn:aws:iam::123456789012:policy\/own watched roles: the deployed guard looks up which of them use it; explain does not read the account /,
    );
    assert.match(
      unwrap(stdout),
      / 3 records: 0 on watched roles, 1 that may concern watched roles, 1 on other roles, 1 ignored, 0 unreadable $/,
    );
  });

  it("says that an event of another service contains no API call", async () => {
    const { stdout } = await explain(
      JSON.stringify([
        { ...anEnvelope({}), "detail-type": "GuardDuty Finding" },
        { ...anEnvelope({}), "detail-type": "AWS Health Event" },
      ]),
      ["--all"],
    );
    assert.match(
      stdout,
      /^#1 ignored: a GuardDuty Finding contains no API call\n#2 ignored: an AWS Health Event /m,
    );
    assert.match(stdout, /^2 records: 0 on watched roles, 0 on other roles, 2 ignored, 0 unreadable$/m);
  });

  it("prints only what concerns watched roles or may concern them, and counts the rest", async () => {
    const records = [...uploads(2), aRecord(), aRecord({ requestParameters: { roleName: "Other" } })];
    const { code, stdout } = await explain(JSON.stringify(records));
    assert.equal(code, 0);
    assert.deepEqual(stdout.match(/^#\d/gm), ["#3"]);
    assert.match(
      unwrap(stdout),
      / 4 records: 1 on watched roles, 1 on other roles, 2 ignored, 0 unreadable; --all prints every record $/,
    );
    const { lines } = readLines(await explain(JSON.stringify(records), ["--json"]));
    assert.deepEqual(
      lines.map(({ record }) => record),
      [3],
    );
    const nothing = await explain(JSON.stringify(uploads(1)));
    assert.match(nothing.stdout, /^1 record: 0 on watched roles/);
  });

  it("says that a call whose target is unknown concerns every watched role", async () => {
    const omitted = aRecord({ requestParameters: { reason: "requestParameters too large", omitted: true } });
    const { stdout } = await explain(JSON.stringify(omitted));
    assert.match(
      unwrap(stdout),
      /the record does not name it watched: every watched role; the guard reads them all/,
    );
    const { lines } = readLines(await explain(JSON.stringify(omitted), ["--json"]));
    const [line] = lines;
    assert.ok(line?.kind === "change");
    assert.deepEqual([line.guarded.length, line.change.subjects], [3, []]);
  });

  it("reads the trail files of a folder, digests and all, in the order of their paths", async () => {
    const file = await writeTemporary("b.json.gz", gzipSync(JSON.stringify({ Records: [aRecord()] })));
    const folder = dirname(file);
    const inner = join(folder, "AWSLogs", account, "CloudTrail-Digest");
    await mkdir(inner, { recursive: true });
    await writeFile(join(inner, "digest.json.gz"), gzipSync(JSON.stringify(aDigest)));
    await writeFile(join(folder, "a.json"), JSON.stringify(aRecord({ eventName: "AttachRolePolicy" })));
    await writeFile(join(folder, "notes.txt"), "not a trail");
    const { code, stdout } = await runCli(["explain", folder]);
    assert.equal(code, 0);
    assert.deepEqual(
      stdout.match(/\w+\.json(?:\.gz)?#1 .* iam:\w+/g)?.map((line) => line.split(" ").at(-1)),
      ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
    );
    assert.match(
      unwrap(stdout),
      / 3 records: 2 on watched roles, 0 on other roles, 1 ignored, 0 unreadable; --all/,
    );
  });

  it("exits 2 where its input is empty, and 0 where a trail has no records", async () => {
    for (const input of ["", " \n", "\uFEFF", gzipSync("")]) {
      const { code, stdout } = await explain(input);
      assert.equal(code, 2);
      assert.match(stdout, /Standard input is empty\./);
    }
    assert.equal((await explain('{"Records": []}')).code, 0);
  });

  it("fits its lines into the columns", async () => {
    const { stdout } = await explain(
      JSON.stringify(aRecord({ errorCode: "UnmodifiableEntityException", errorMessage: "protected" })),
    );
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
  });

  it("reads every form of records, compressed or not", async () => {
    const records = [aRecord(), aRecord({ eventID: "2" }), aRecord({ eventID: "3" })];
    const forms: Readonly<Record<string, string>> = {
      "trail file": JSON.stringify({ Records: records }),
      "printed trail file": JSON.stringify({ Records: records }, undefined, 2),
      "JSON lines": records.map((record) => JSON.stringify(record)).join("\n"),
      list: JSON.stringify(records),
      envelopes: records.map((record) => JSON.stringify(anEnvelope(record))).join("\n"),
      "a list of envelopes": JSON.stringify(records.map(anEnvelope)),
      "LookupEvents' answer": JSON.stringify({
        Events: records.map((record) => ({ EventId: "x", CloudTrailEvent: JSON.stringify(record) })),
      }),
    };
    const files = new Map<string, string>();
    for (const [form, text] of Object.entries(forms)) {
      files.set(await writeTemporary("plain", text), form);
      files.set(await writeTemporary("compressed", gzipSync(text)), `${form}, compressed`);
    }
    const { code, lines } = readLines(await runCli(["explain", "--json", ...files.keys()]));
    assert.equal(code, 0);
    for (const [file, form] of files) {
      assert.deepEqual(
        lines
          .filter((line) => line.file === file)
          .map((line) => [line.kind, "guarded" in line && line.guarded]),
        records.map(() => ["change", ["AWSBatchServiceRole"]]),
        form,
      );
    }
  });

  it("names the place of an unreadable record, goes on, and exits 2", async () => {
    const good = JSON.stringify(aRecord());
    const file = await writeTemporary(
      "trail.jsonl",
      [good, '{"eventName": "cut o', good, '{"eventName":"DetachRolePolicy"}', "[]", "null", good].join("\n"),
    );
    const { code, lines } = readLines(await runCli(["explain", file, "--json"]));
    assert.equal(code, 2);
    assert.deepEqual(
      lines.map(({ kind, record, line }) => [kind, record, line]),
      [
        ["change", 1, 1],
        ["unreadable", 2, 2],
        ["change", 3, 3],
        ["unreadable", 4, 4],
        ["unreadable", 5, 6],
        ["change", 6, 7],
      ],
    );
    assert.equal(lines[1]?.offset, good.length + 1);
    assert.match(problemOf(lines[3]), /eventID/);
    const { stdout: output } = await runCli(["explain", file]);
    assert.match(output, new RegExp(`unreadable \\(record 2, line 2, byte ${good.length + 1}\\)`));
  });

  it("reads compressed data up to where it is cut off, and reports that", async () => {
    const records = Array.from({ length: 2000 }, (_, index) => aRecord({ eventID: `${index}` }));
    const whole = gzipSync(records.map((record) => JSON.stringify(record)).join("\n"));
    const half = whole.subarray(0, whole.length >> 1);
    const { code, lines } = readLines(await explain(half, ["--json"]));
    assert.equal(code, 2);
    assert.ok(lines.filter(({ kind }) => kind === "change").length > 100);
    assert.match(problemOf(lines.at(-1)), /damaged or cut off/);
  });

  it("goes on with the other files if one cannot be opened", async () => {
    const folder = dirname(await writeTemporary("notes.txt", "no trail"));
    const good = await writeTemporary("good.json", JSON.stringify(aRecord()));
    const { code, stdout } = await runCli(["explain", "/nonexistent", good, folder]);
    assert.equal(code, 2);
    assert.match(stdout, /\/nonexistent unreadable\n +There is no file \/nonexistent\. Check the path\./);
    assert.match(stdout, /good\.json#1 .* iam:DetachRolePolicy succeeded/);
    assert.match(stdout, /is a directory without trail files/);
    assert.match(
      unwrap(stdout),
      / 1 record: 1 on watched roles, 0 on other roles, 0 ignored, 0 unreadable; 2 files unreadable or damaged /,
    );
  });

  it("requires a file", async () => {
    const { code, stderr } = await runCli(["explain"]);
    assert.equal(code, 2);
    assert.match(stderr, /explain takes a file/);
  });

  it("ends without an error when its reader closes the pipe", async () => {
    const input = uploads(20_000)
      .map((record) => JSON.stringify(record))
      .join("\n");
    const { code, stderr } = await runProcess(["explain", "-", "--all"], { input, leaveEarly: true });
    assert.equal(stderr, "");
    assert.equal(code, 2);
  });

  it("reads thirty thousand records of one list in constant memory", async () => {
    const file = await writeTemporary("trail.json.gz", "");
    const gzip = createGzip({ level: 1 });
    const written = once(gzip.pipe(createWriteStream(file)), "close");
    const count = 30_000;
    gzip.write('{"Records":[');
    for (let index = 0; index < count; index += 1) {
      const record = index % 1000 === 500 ? aRecord({ eventID: `${index}` }) : uploads(1)[0];
      // As large as many real records, so that all of them are several times the memory of the process.
      const padded = { ...record, additionalEventData: { pad: "x".repeat(2500) } };
      if (!gzip.write(`${index === 0 ? "" : ","}${JSON.stringify(padded)}`)) await once(gzip, "drain");
    }
    gzip.end("]}");
    await written;
    const { code, stdout, stderr } = await runProcess(["explain", file, "--json", "--all"], {
      node: ["--max-old-space-size=40", "--max-semi-space-size=4"],
    });
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, count);
    assert.equal(lines.filter((line) => line.includes('"kind":"change"')).length, count / 1000);
  });

  it("reads records of real trails", async () => {
    const folder = fileURLToPath(new URL("../../../shared/data/cloudtrail/by-event/", import.meta.url));
    const names = await readdir(folder).catch(() => []);
    const files = names.map((name) => join(folder, name));
    if (files.length === 0) return;
    const { stdout, stderr } = await runCli(["explain", "--json", "--all", ...files]);
    const { lines } = readLines({ code: 0, stdout, stderr });
    assert.equal(stderr, "");
    for (const file of files) {
      const wanted = z.array(z.unknown()).parse(JSON.parse(await readFile(file, "utf8"))).length;
      assert.equal(lines.filter((line) => line.file === file).length, wanted, file);
    }
  });
});
