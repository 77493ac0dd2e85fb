import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signAnswer } from "@drift-guard/aws/sts/signer";
import { instantOf } from "@drift-guard/core/model/instant";
import { Answer, digestAnswer } from "@drift-guard/core/respond/answer";
import { checkSignature, SignedAnswer } from "@drift-guard/core/respond/signature";
import fc from "fast-check";
import { noon } from "../../builders.ts";
import { anAnswer, anotherDeployment, deployment, place } from "./answers.ts";

const credentials = {
  accessKeyId: "ASIAEXAMPLE000000001",
  secretAccessKey: "secret",
  sessionToken: "dG9rZW4=",
};
const signedAtNoon = (answer: Answer = anAnswer("suppress")) =>
  signAnswer(answer, credentials, place, new Date(noon));
const later = (seconds: number) => instantOf(new Date(Date.parse(noon) + seconds * 1000));

async function refusalOf(signed: SignedAnswer, at = noon, here = place): Promise<string> {
  const checked = checkSignature(signed, here, at);
  return checked.status === "refused" ? checked.reason : assert.fail("the signature was accepted");
}

describe("an answer", () => {
  it("has the same digest whatever the order of its fields, and another one if any field differs", () => {
    const answer = anAnswer("suppress");
    const reversed = Object.fromEntries(Object.entries(answer).toReversed());
    const read = Answer.parse(reversed);
    assert.equal(digestAnswer(read), digestAnswer(answer));
    const digests = [
      answer,
      { ...answer, reason: "another" },
      { ...answer, finding: "0".repeat(32) },
      { ...answer, evidence: "0".repeat(64) },
      { ...answer, role: "other" },
      { ...answer, deployment: anotherDeployment },
      { ...answer, expires: later(86_401) },
      { ...answer, id: "00000000-0000-4000-8000-000000000002" },
    ].map(digestAnswer);
    assert.equal(new Set(digests).size, digests.length);
  });

  it("is refused with a field that its verb does not have, or with a reason that is blank or has control characters or line ends", () => {
    const texts = ["a\nb", "a\u2028b", "a\u0085b", "\u202eback", "  ", ""].map((reason) => ({ reason }));
    for (const wrong of [{ also: 1 }, ...texts, { role: "a/b" }]) {
      assert.equal(Answer.safeParse({ ...anAnswer("suppress"), ...wrong }).success, false);
    }
  });
});

describe("the signature of an answer", () => {
  it("leads to one request to the STS of the guard's Region, with the answer's digest in a signed header", async () => {
    const signed = await signedAtNoon();
    const checked = checkSignature(signed, place, noon);
    assert.ok(checked.status === "plausible");
    const { request } = checked;
    assert.equal(request.host, "sts.eu-west-1.amazonaws.com");
    assert.equal(request.headers.host, "sts.eu-west-1.amazonaws.com");
    assert.equal(request.method, "POST");
    assert.equal(request.body, "Action=GetCallerIdentity&Version=2011-06-15");
    assert.equal(request.headers["x-drift-guard-request"], digestAnswer(signed.answer));
    assert.match(
      request.headers.authorization ?? "",
      /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-drift-guard-request,/,
    );
  });

  it("holds for five minutes", async () => {
    const signed = await signedAtNoon();
    assert.equal(checkSignature(signed, place, later(300)).status, "plausible");
    assert.match(await refusalOf(signed, later(301)), /more than 5 minutes ago/);
    assert.equal(checkSignature(signed, place, later(-60)).status, "plausible");
    assert.match(await refusalOf(signed, later(-61)), /in the future/);
  });

  it("is refused for another deployment", async () => {
    const signed = await signedAtNoon(anAnswer("suppress", { deployment: anotherDeployment }));
    assert.match(
      await refusalOf(signed),
      new RegExp(`is for ${anotherDeployment}, and this is ${deployment}`),
    );
  });

  it("is refused for another Region or service", async () => {
    const elsewhere = await signAnswer(
      anAnswer("suppress"),
      credentials,
      { ...place, region: "us-east-1" },
      new Date(noon),
    );
    assert.match(await refusalOf(elsewhere), /is for sts in us-east-1, and must be for sts in eu-west-1/);
    const { answer, signature } = await signedAtNoon();
    const authorization = signature.authorization.replace("/sts/", "/iam/");
    assert.match(await refusalOf({ answer, signature: { ...signature, authorization } }), /is for iam/);
  });

  it("is refused if it leaves out a header, such as that of the answer, or covers another", async () => {
    const { answer, signature } = await signedAtNoon();
    for (const [from, to] of [
      [";x-drift-guard-request", ""],
      ["host;", ""],
      ["host;", "host;x-amz-content-sha256;"],
    ] as const) {
      const authorization = signature.authorization.replace(from, to);
      assert.match(
        await refusalOf({ answer, signature: { ...signature, authorization } }),
        /must cover the headers/,
      );
    }
  });

  it("is refused where the partition's STS is not known", async () => {
    assert.match(
      await refusalOf(await signedAtNoon(), noon, { ...place, partition: "aws-moon" }),
      /aws-moon is not known/,
    );
  });

  it("never throws, whatever stands in the message", async () => {
    const signed = await signedAtNoon();
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (authorization, date, token) => {
        const message = { ...signed, signature: { authorization, date, token } };
        const parsed = SignedAnswer.safeParse(message);
        if (parsed.success) assert.equal(checkSignature(parsed.data, place, noon).status, "refused");
      }),
    );
    const dates = ["20261399T250000Z", "00000000T000000Z"];
    for (const date of dates) {
      const message = { ...signed, signature: { ...signed.signature, date } };
      assert.match(await refusalOf(message), /does not exist/);
    }
  });
});
