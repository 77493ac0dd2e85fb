import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { IAMClient } from "@aws-sdk/client-iam";
import { createCallerVerifier } from "@drift-guard/aws/sts/person";
import { signAnswer } from "@drift-guard/aws/sts/signer";
import type { CallerProof } from "@drift-guard/core/ports";
import type { Answer } from "@drift-guard/core/respond/answer";
import { checkSignature, type SignedAnswer } from "@drift-guard/core/respond/signature";
import { account, noon } from "../../builders.ts";
import { anAnswer, anotherDeployment, place } from "../../core/respond/answers.ts";
import { type Responder, startResponder, withResponder } from "../responder.ts";
import { type KnownCredentials, type StsStandIn, startSts } from "./stand-in.ts";

const aliceArn = `arn:aws:iam::${account}:user/people/alice`;
const anna: KnownCredentials = {
  accessKeyId: "ASIAEXAMPLE000000001",
  secretAccessKey: "anna's secret",
  sessionToken: "YW5uYQ==",
  identity: { account, arn: `arn:aws:sts::${account}:assumed-role/ops/anna`, userId: "AROAOPS:anna" },
};
const known = (key: string, identity: KnownCredentials["identity"]): KnownCredentials => ({
  accessKeyId: key,
  secretAccessKey: `secret of ${key}`,
  identity,
});
const alice = known("AKIAEXAMPLE000000002", { account, arn: aliceArn, userId: "AIDAALICE" });
const stranger = known("AKIAEXAMPLE000000003", {
  account: "999999999999",
  arn: "arn:aws:iam::999999999999:user/alice",
  userId: "AIDASTRANGER",
});
const federated = known("ASIAEXAMPLE000000004", {
  account,
  arn: `arn:aws:sts::${account}:federated-user/bob`,
  userId: `${account}:bob`,
});
const formerRole = known("ASIAEXAMPLE000000005", {
  account,
  arn: `arn:aws:sts::${account}:assumed-role/ops/anna`,
  userId: "AROABEFORE:anna",
});

const roleXml = `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/people/</Path><RoleName>ops</RoleName><RoleId>AROAOPS</RoleId><Arn>arn:aws:iam::${account}:role/people/ops</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></Role></GetRoleResult></GetRoleResponse>`;

describe("the verifier of callers", () => {
  let sts: StsStandIn;
  let iam: Responder;
  before(async () => {
    sts = await startSts([anna, alice, stranger, federated, formerRole]);
    iam = await startResponder(() => ({ status: 200, body: roleXml }));
  });
  after(async () => {
    await sts.close();
    await iam.close();
  });

  const signedBy = (credentials: KnownCredentials, answer: Answer = anAnswer("suppress")) =>
    signAnswer(answer, credentials, place, new Date(noon));

  async function verify(signed: SignedAnswer): Promise<CallerProof> {
    const checked = checkSignature(signed, place, noon);
    if (checked.status === "refused") return checked;
    const client = new IAMClient({
      region: "us-east-1",
      endpoint: iam.endpoint,
      credentials: { accessKeyId: "guard", secretAccessKey: "guard" },
    });
    return createCallerVerifier(client, { account, endpoint: sts.endpoint }).verify(checked.request);
  }

  async function refusalOf(signed: SignedAnswer): Promise<string> {
    const proof = await verify(signed);
    return proof.status === "refused" ? proof.reason : assert.fail(`${proof.person.arn} was believed`);
  }

  it("names a user, and a session with the path of its role", async () => {
    assert.deepEqual(await verify(await signedBy(alice)), {
      status: "proven",
      person: { arn: aliceArn, principal: aliceArn, userId: "AIDAALICE" },
    });
    assert.deepEqual(await verify(await signedBy(anna)), {
      status: "proven",
      person: {
        arn: anna.identity.arn,
        principal: `arn:aws:iam::${account}:role/people/ops`,
        userId: "AROAOPS:anna",
      },
    });
  });

  it("tells what STS refuses from what is no answer of STS, after which the person may try again", async () => {
    const signed = await signedBy(alice);
    const checked = checkSignature(signed, place, noon);
    assert.ok(checked.status === "plausible");
    const verifyBy = (status: number, body: string) =>
      withResponder(
        () => ({ status, body }),
        async ({ endpoint }) => {
          const client = new IAMClient({ region: "us-east-1" });
          const proof = await createCallerVerifier(client, { account, endpoint }).verify(checked.request);
          assert.match(proof.status === "refused" ? proof.reason : "", /STS does not accept the signature/);
        },
      );
    for (const code of ["ExpiredToken", "InvalidClientTokenId"]) {
      await verifyBy(403, `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`);
    }
    for (const [status, body] of [
      [403, "<html>The proxy forbids it.</html>"],
      [403, "<ErrorResponse><Error><Code>RegionDisabledException</Code></Error></ErrorResponse>"],
      [429, ""],
      [302, ""],
      [200, "<html></html>"],
      [200, "x".repeat(100_000)],
    ] as const) {
      await assert.rejects(verifyBy(status, body), { name: "CallerUnprovenError" });
    }
  });

  it("asks for the host that was signed, whatever endpoint it reaches", async () => {
    await verify(await signedBy(alice));
    assert.deepEqual([...new Set(sts.hosts)], ["sts.eu-west-1.amazonaws.com"]);
  });

  it("believes no answer that was altered, or whose signature is of another answer", async () => {
    const signed = await signedBy(anna);
    for (const answer of [
      anAnswer("suppress", { reason: "altered" }),
      anAnswer("suppress", { finding: "0".repeat(32) }),
      anAnswer("approve"),
      anAnswer("resume"),
    ]) {
      assert.match(await refusalOf({ ...signed, answer }), /STS does not accept the signature/);
    }
  });

  it("believes no approval of one plan for another, and none that another deployment relays", async () => {
    const approval = anAnswer("approve");
    const signed = await signedBy(anna, approval);
    const other = { ...approval, plan: { ...approval.plan, roleId: "AROAOTHER" } };
    assert.match(await refusalOf({ ...signed, answer: other }), /STS does not accept the signature/);
    const relayed = await signedBy(anna, anAnswer("approve", { deployment: anotherDeployment }));
    assert.match(await refusalOf(relayed), /The answer is for/);
    assert.match(await refusalOf({ ...relayed, answer: approval }), /STS does not accept the signature/);
  });

  it("believes no altered time, token or signature", async () => {
    const { answer, signature } = await signedBy(anna);
    for (const wrong of [
      { date: "20261122T120001Z" },
      { token: "b3RoZXI=" },
      { authorization: signature.authorization.replace(/.$/, (last) => (last === "0" ? "1" : "0")) },
      { authorization: signature.authorization.replace(anna.accessKeyId, alice.accessKeyId) },
    ]) {
      assert.match(
        await refusalOf({ answer, signature: { ...signature, ...wrong } }),
        /STS does not accept the signature/,
        JSON.stringify(wrong),
      );
    }
  });

  it("believes no signature for another host", async () => {
    const elsewhere = await signAnswer(
      anAnswer("suppress"),
      alice,
      { ...place, partition: "aws-cn" },
      new Date(noon),
    );
    assert.match(await refusalOf(elsewhere), /STS does not accept the signature/);
  });

  it("refuses callers of other accounts, federated users, and sessions of a role that was made anew", async () => {
    assert.match(await refusalOf(await signedBy(stranger)), /is of account 999999999999/);
    assert.match(await refusalOf(await signedBy(federated)), /neither a user nor a session of a role/);
    assert.match(await refusalOf(await signedBy(formerRole)), /does not exist any more/);
  });

  it("throws if STS is not there, throttles, or names no caller", async () => {
    const checked = checkSignature(await signedBy(alice), place, noon);
    assert.ok(checked.status === "plausible");
    const client = new IAMClient({ region: "us-east-1" });
    for (const [status, body] of [
      [500, ""],
      [400, "<Code>Throttling</Code>"],
      [200, "<html></html>"],
      [200, `<Arn>${aliceArn}</Arn><Arn>${aliceArn}</Arn><UserId>A</UserId><Account>${account}</Account>`],
      [200, "x".repeat(30_000)],
    ] as const) {
      const responder = await startResponder(() => ({ status, body }));
      const { verify } = createCallerVerifier(client, { account, endpoint: responder.endpoint });
      await assert.rejects(
        verify(checked.request),
        { name: "CallerUnprovenError" },
        `${status} ${body.slice(0, 20)}`,
      );
      await responder.close();
    }
    const nobody = createCallerVerifier(client, { account, endpoint: "http://127.0.0.1:9" });
    await assert.rejects(nobody.verify(checked.request), {
      name: "CallerUnprovenError",
      message: /could not be asked/,
    });
  });
});
