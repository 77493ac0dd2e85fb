import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { userInfo } from "node:os";
import { json } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { IAMClient } from "@aws-sdk/client-iam";
import { createCallerVerifier } from "@drift-guard/aws/sts/person";
import { listConfigured } from "@drift-guard/core/config/accepted-drift";
import { defineConfig } from "@drift-guard/core/config/config";
import { isExcepted } from "@drift-guard/core/evaluate/coverage";
import type { Actor } from "@drift-guard/core/model/actor";
import type { Control } from "@drift-guard/core/model/control";
import { digestEvidence, identifyFinding } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import { createAnswerStore } from "@drift-guard/embedded/sqlite/answers";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createFindingStore } from "@drift-guard/embedded/sqlite/findings";
import { AnswerOutput } from "drift-guard/output/answer";
import { createHandler } from "../../functions/respond.ts";
import { type KnownCredentials, type StsStandIn, startSts } from "../aws/sts/stand-in.ts";
import { account, aDrift, aFinding, aGrant, aKey, anActor } from "../builders.ts";
import { aContext } from "../functions/invocations.ts";
import { readOutput } from "./outputs.ts";
import { runCli, unwrap, writeTemporary } from "./process.ts";

const anna: KnownCredentials = {
  accessKeyId: "AKIAEXAMPLE000000001",
  secretAccessKey: "anna's secret",
  identity: { account, arn: `arn:aws:iam::${account}:user/anna`, userId: "AIDAANNA" },
};
const environment = (sts: StsStandIn, lambda = "http://127.0.0.1:9") => ({
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: anna.accessKeyId,
  AWS_SECRET_ACCESS_KEY: anna.secretAccessKey,
  AWS_ENDPOINT_URL_STS: sts.endpoint,
  AWS_ENDPOINT_URL_LAMBDA: lambda,
  // The function runs in this process, and prints nothing so.
  POWERTOOLS_LOG_LEVEL: "SILENT",
  POWERTOOLS_METRICS_DISABLED: "true",
});

describe("an answer to a deployed guard", () => {
  const control = createControlStore(openDatabase(":memory:"));
  const invoked: string[] = [];
  let sts: StsStandIn;
  let endpoint: string;
  // Lambda, which runs the function respond of the stage "test".
  const lambda = createServer(async (request, response) => {
    invoked.push(request.url ?? "");
    if (!request.url?.includes("drift-guard-test-respond")) {
      response.writeHead(404, { "x-amzn-errortype": "ResourceNotFoundException" }).end("{}");
      return;
    }
    if (request.method === "GET") {
      response.writeHead(200).end(JSON.stringify({ Description: "Takes answers" }));
      return;
    }
    const handler = createHandler(() => ({
      ports: {
        control,
        answers: createAnswerStore(openDatabase(":memory:")),
        callers: createCallerVerifier(new IAMClient({ region: "us-east-1" }), {
          account,
          endpoint: sts.endpoint,
        }),
        rechecks: { schedule: async () => {} },
        tell: async () => {},
        now: () => new Date(),
      },
      settings: { config: defineConfig({ roles: { AWSBatchServiceRole: {} } }), account, partition: "aws" },
    }));
    const outcome = await handler(await json(request), aContext(60_000, "drift-guard-test-respond"));
    response.writeHead(200).end(JSON.stringify(outcome));
  });
  before(async () => {
    sts = await startSts([anna]);
    lambda.listen(0, "127.0.0.1");
    await once(lambda, "listening");
    const address = lambda.address();
    assert.ok(address !== null && typeof address !== "string");
    endpoint = `http://127.0.0.1:${address.port}`;
  });
  after(async () => {
    await sts.close();
    lambda.closeAllConnections();
    lambda.close();
  });

  const run = (...args: readonly string[]) => runCli(args, { env: environment(sts, endpoint) });

  it("is signed with the caller's credentials, and recorded as theirs", async () => {
    const paused = await run(
      ...["rollback", "pause", "AWSBatchServiceRole", "--reason", "maintenance", "--stage", "test", "--json"],
    );
    assert.equal(paused.stderr, "");
    const { recorded, by, why, exitCode } = readOutput(AnswerOutput, paused.stdout);
    assert.deepEqual([recorded, by, exitCode, paused.code], [true, anna.identity.arn, 0, 0]);
    assert.match(why, /Rollbacks of AWSBatchServiceRole are paused until/);
    const { pauses } = await control.load({ account, name: "AWSBatchServiceRole" });
    assert.deepEqual(
      pauses.map(({ userId, reason }) => [userId, reason]),
      [["AIDAANNA", "maintenance"]],
    );
    const resumed = await run("rollback", "resume", "AWSBatchServiceRole", "--stage", "test");
    assert.match(
      unwrap(resumed.stdout),
      /Rollbacks go on\. Recorded as the answer of arn:aws:iam::\d+:user\/anna\./,
    );
  });

  it("has a role evaluated, and prints a command that shows the result", async () => {
    const { code, stdout } = await run("findings", "evaluate", "AWSBatchServiceRole", "--stage", "test");
    assert.equal(code, 0);
    assert.match(unwrap(stdout), /The guard reads AWSBatchServiceRole now.*Asked by .*:user\/anna\./);
    assert.match(stdout, /^ {2}npx drift-guard findings list --role AWSBatchServiceRole --stage test$/m);
  });

  it("enables rollback where the configuration has a role rolled back", async () => {
    const { code, stdout } = await run("rollback", "enable", "--stage", "test");
    assert.equal(code, 1);
    assert.match(unwrap(stdout), /The configuration has no role rolled back: set a mode of its rollback/);
  });

  it("that the guard refuses ends with code 1 and the reason", async () => {
    const { code, stdout } = await run("rollback", "resume", "--stage", "test");
    assert.equal(code, 1);
    assert.match(unwrap(stdout), /The guard refused the answer\. No pause of the account holds\./);
  });

  it("says where no guard of that stage is deployed", async () => {
    const { code, stderr } = await run("rollback", "pause", "--reason", "x", "--stage", "none");
    assert.equal(code, 2);
    assert.match(unwrap(stderr), /There is no guard of the stage none in us-east-1/);
  });

  it("needs a guard, a reason, and a time that can be read", async () => {
    for (const [args, message] of [
      [["pause", "--reason", "x"], /Name the guard that is to be answered/],
      [["pause", "--stage", "test"], /needs --reason TEXT/],
      [["pause", "--stage", "test", "--reason", "x", "--for", "soon"], /takes hours or days/],
      [
        ["pause", "--stage", "test", "--reason", "a\nb"],
        /The answer cannot be given: reason must be one line/,
      ],
    ] as const) {
      const { code, stderr } = await run("rollback", ...args);
      assert.equal(code, 2);
      assert.match(unwrap(stderr), message);
    }
  });
});

describe("an answer to an embedded guard", () => {
  const findingId = identifyFinding(aKey(), aDrift());
  let sts: StsStandIn;
  before(async () => {
    sts = await startSts([anna]);
  });
  after(() => sts.close());

  async function writeStore(causedBy?: Actor): Promise<string> {
    const file = await writeTemporary("guard.sqlite", "");
    const database = openDatabase(file);
    const store = createFindingStore(database);
    const finding = aFinding({ id: findingId, role: aKey(), ...(causedBy && { causedBy }) });
    const loaded = await store.load(aKey());
    await store.commit({ before: loaded, after: { ...loaded, findings: [finding] }, transitions: [] });
    database.close();
    return file;
  }

  async function storeControl(file: string, changes: Partial<Control>): Promise<void> {
    const database = openDatabase(file);
    const store = createControlStore(database);
    const before = await store.load(aKey());
    await store.commit({ before, after: { ...before, ...changes } });
    database.close();
  }

  async function readControl(file: string) {
    const database = openDatabase(file);
    const control = await createControlStore(database).load(aKey());
    database.close();
    return control;
  }

  it("is recorded as the local user's, without a signature", async () => {
    const file = await writeStore();
    const { code, stdout, stderr } = await runCli(
      ["suppress", findingId.slice(0, 8), "--reason", "known", "--for", "7d", "--findings", file],
      { env: environment(sts) },
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(
      unwrap(stdout),
      /is accepted until .*\. Anything beyond it is reported\. The finding is listed as suppressed from the next read of the role on\. Recorded as the answer of local user.*Nobody else is told of it/,
    );
    const { exceptions } = await readControl(file);
    assert.deepEqual(
      exceptions.map(({ findingId: id, digest, reason }) => [id, digest, reason]),
      [[findingId, digestEvidence(aFinding({ id: findingId, role: aKey() }).evidence), "known"]],
    );
  });

  it("accepts exact grants, joined with those accepted before, and reopens", async () => {
    const file = await writeStore();
    const run = (...args: readonly string[]) =>
      runCli(["findings", ...args, "--findings", file, "--reason", "known"], { env: environment(sts, "") });
    await run("suppress", findingId);
    const { code, stderr } = await run("suppress", findingId, "--for", "8h");
    assert.deepEqual([code, stderr], [0, ""]);
    const [exception] = (await readControl(file)).exceptions;
    const evidence = aDrift();
    assert.deepEqual(
      new Set(exception?.grants?.map(({ actions }) => actions.join())),
      new Set(evidence.grants.map(({ actions }) => actions.join())),
    );
    const printed = await run("suppress", findingId, "--as-code", "--owner", "team batch");
    const config = defineConfig({ roles: {}, exceptions: [JSON.parse(printed.stdout)] });
    const input = { exceptions: listConfigured(aKey(), config.exceptions), now: instantOf(new Date()) };
    assert.ok(isExcepted({ id: findingId, evidence }, input));
    const reopened = await run("reopen", findingId.slice(0, 8));
    assert.equal(reopened.code, 0);
    assert.match(unwrap(reopened.stdout), /The exception of the finding .* has ended/);
    const again = await run("reopen", findingId);
    assert.equal(again.code, 1);
    const evaluated = await run("evaluate", "AWSBatchServiceRole");
    assert.match(unwrap(evaluated.stderr), /asks a deployed guard/);
  });

  it("takes nothing over that the drift's own actor accepted", async () => {
    const mallory = anActor();
    const { evidence } = aFinding({ id: findingId, role: aKey() });
    const file = await writeStore(mallory);
    const database = openDatabase(file);
    await createControlStore(database).decide(aKey(), {
      kind: "exception",
      exception: {
        findingId,
        digest: digestEvidence(evidence),
        grants: [aGrant({ actions: ["*"], resources: ["*"] })],
        denies: [],
        owner: mallory.arn ?? "",
        reason: "trust me",
        expires: instantOf(new Date(Date.now() + 3_600_000)),
      },
    });
    database.close();
    await runCli(["findings", "suppress", findingId, "--reason", "known", "--findings", file], {
      env: environment(sts),
    });
    const accepted = (await readControl(file)).exceptions.find(({ reason }) => reason === "known");
    assert.deepEqual(accepted?.grants, evidence.kind === "drift" ? evidence.grants : []);
  });

  it("says that an exception by the drift's own actor does not count", async () => {
    const file = await writeStore(anActor({ arn: `local user ${userInfo().username}` }));
    const { stdout } = await runCli(
      ["findings", "suppress", findingId, "--reason", "known", "--findings", file],
      { env: environment(sts) },
    );
    assert.match(unwrap(stdout), /made the change behind the finding .* the exception does not count\./);
  });

  it("closes only calls with the guard's credentials, and resets attempts", async () => {
    const file = await writeStore();
    const run = (...args: readonly string[]) =>
      runCli([...args, "--findings", file], { env: environment(sts) });
    const closed = await run("close", findingId, "--reason", "x");
    assert.equal(closed.code, 2);
    assert.match(unwrap(closed.stderr), /close is for calls with the guard's credentials/);
    const early = await run("rollback", "reset", findingId);
    assert.equal(early.code, 1);
    assert.match(
      unwrap(early.stdout),
      /was not rolled back in the last week: there is nothing to count anew/,
    );
    await storeControl(file, { attempts: [{ findingId, starts: [instantOf(new Date())] }] });
    const reset = await run("rollback", "reset", findingId);
    assert.deepEqual([reset.code, reset.stderr], [0, ""]);
    assert.deepEqual(
      (await readControl(file)).resets.map(({ findingId: id }) => id),
      [findingId],
    );
  });
});
