import "./quiet.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { IAMClient } from "@aws-sdk/client-iam";
import { createCallerVerifier } from "@drift-guard/aws/sts/person";
import { signAnswer } from "@drift-guard/aws/sts/signer";
import { defineConfig } from "@drift-guard/core/config/config";
import type { Answer } from "@drift-guard/core/respond/answer";
import { SignedAnswer } from "@drift-guard/core/respond/signature";
import { createAnswerStore } from "@drift-guard/embedded/sqlite/answers";
import { createControlStore } from "@drift-guard/embedded/sqlite/control";
import { openDatabase } from "@drift-guard/embedded/sqlite/database";
import { createHandler } from "../../functions/respond.ts";
import { type KnownCredentials, type StsStandIn, startSts } from "../aws/sts/stand-in.ts";
import { account } from "../builders.ts";
import { anAnswer, role } from "../core/respond/answers.ts";
import { aContext } from "./invocations.ts";

const name = "drift-guard-test-respond";
const deployment = `arn:aws:lambda:us-east-1:${account}:function:${name}`;
const place = { region: "us-east-1", partition: "aws" };
const now = new Date();
const soon = new Date(now.getTime() + 3_600_000).toISOString();

const credentials = (key: string, user: string): KnownCredentials => ({
  accessKeyId: key,
  secretAccessKey: `secret of ${user}`,
  identity: { account, arn: `arn:aws:iam::${account}:user/${user}`, userId: `AIDA${user}` },
});
const anna = credentials("AKIAEXAMPLE000000001", "anna");
const mallory = credentials("AKIAEXAMPLE000000002", "mallory");

const pauseOf = (changes: Readonly<Record<string, unknown>> = {}) =>
  anAnswer("pause", { deployment, until: soon, ...changes });
const sign = (answer: Answer, by = anna, at = now) => signAnswer(answer, by, place, at);
const asMessage = (signed: SignedAnswer): unknown => JSON.parse(JSON.stringify(SignedAnswer.encode(signed)));

describe("respond, in process", () => {
  let sts: StsStandIn;
  before(async () => {
    sts = await startSts([anna, mallory]);
  });
  after(() => sts.close());

  /** Respond over stores in memory, for a function with this name. */
  function open(functionName = name) {
    const database = openDatabase(":memory:");
    const control = createControlStore(database);
    const told: string[] = [];
    const handler = createHandler(() => ({
      ports: {
        control,
        answers: createAnswerStore(database),
        callers: createCallerVerifier(new IAMClient({ region: "us-east-1" }), {
          account,
          endpoint: sts.endpoint,
        }),
        rechecks: { schedule: async () => {} },
        tell: async ({ person }) => void told.push(person.arn),
        now: () => now,
      },
      settings: { config: defineConfig({ roles: { [role]: {} } }), account, partition: "aws" },
    }));
    return {
      told,
      pauses: async () => (await control.load({ account, name: role })).pauses,
      invoke: (event: unknown) => handler(event, aContext(60_000, functionName)),
    };
  }

  async function refusalOf({ invoke, pauses }: ReturnType<typeof open>, event: unknown): Promise<string> {
    const before = (await pauses()).length;
    const outcome = await invoke(event);
    assert.equal((await pauses()).length, before);
    return outcome.status === "refused" ? outcome.reason : assert.fail("the answer was recorded");
  }

  it("records an answer by the person whom STS names", async () => {
    const respond = open();
    const outcome = await respond.invoke(asMessage(await sign(pauseOf())));
    assert.equal(outcome.status, "recorded");
    assert.deepEqual(
      (await respond.pauses()).map(({ by, userId }) => [by, userId]),
      [[anna.identity.arn, "AIDAanna"]],
    );
    assert.deepEqual(respond.told, [anna.identity.arn]);
  });

  it("takes an answer once, whoever relays it", async () => {
    const respond = open();
    const message = asMessage(await sign(pauseOf()));
    await respond.invoke(message);
    assert.match(await refusalOf(respond, message), /given before/);
    const again = asMessage(await sign(pauseOf(), mallory));
    assert.match(await refusalOf(respond, again), /given before/);
  });

  it("takes an answer of which one with another signature was refused", async () => {
    const respond = open();
    const signed = await sign(pauseOf());
    const wrong = {
      ...signed.signature,
      authorization: signed.signature.authorization.replace(/.{4}$/, "0000"),
    };
    assert.match(await refusalOf(respond, asMessage({ ...signed, signature: wrong })), /STS does not accept/);
    assert.equal((await respond.invoke(asMessage(signed))).status, "recorded");
  });

  it("refuses an answer that was altered, that is too old, or that is for another deployment", async () => {
    const respond = open();
    const signed = await sign(pauseOf());
    const altered = { ...signed, answer: pauseOf({ reason: "altered" }) };
    assert.match(await refusalOf(respond, asMessage(altered)), /STS does not accept the signature/);
    const old = await sign(pauseOf(), anna, new Date(now.getTime() - 301_000));
    assert.match(await refusalOf(respond, asMessage(old)), /more than 5 minutes ago/);
    const other = open("drift-guard-other-respond");
    assert.match(
      await refusalOf(other, asMessage(signed)),
      /is for .*test-respond, and this is .*other-respond/,
    );
  });

  it("refuses whatever is no answer, and says what is wrong", async () => {
    const respond = open();
    for (const event of [null, {}, "x", { answer: {}, signature: {} }, { Records: [] }]) {
      assert.match(await refusalOf(respond, event), /cannot be read/);
    }
    const signed = await sign(pauseOf());
    const claim = { ...signed, person: { arn: "arn:aws:iam::1:user/root" } };
    assert.match(await refusalOf(respond, claim), /cannot be read/);
  });
});
