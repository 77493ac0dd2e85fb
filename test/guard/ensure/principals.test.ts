import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findNewPrincipals, findPrincipalProblem } from "@drift-guard/guard/ensure/principals";
import { account, trustOf } from "../../builders.ts";

const roles = { read: async (name: string) => ({ status: "absent", account, name }) as const };
const trusting = (...AWS: readonly string[]) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS }, Action: "sts:AssumeRole" }],
  });
const deleted = "AROA1234567890ABCDEFG";
const ofAccount = (id: string) => `arn:aws:iam::${id}:role/Deployer`;

describe("the principals of a trust policy that is to be written", () => {
  it("are a problem where one is deleted, or a role of the account that does not exist", async () => {
    for (const id of [deleted, ofAccount(account)]) {
      assert.ok((await findPrincipalProblem(trusting(id), account, roles))?.includes(id));
    }
  });

  it("are left to IAM where the account alone does not tell: services, accounts, and roles of other accounts", async () => {
    const others = [account, `arn:aws:iam::${account}:root`, ofAccount("999988887777"), "*"];
    for (const document of [trusting(...others), trustOf("batch.amazonaws.com"), "no policy"]) {
      assert.equal(await findPrincipalProblem(document, account, roles), undefined);
    }
  });

  it("are new where the live policy names a deleted principal and not them", () => {
    const document = trusting(ofAccount(account), `arn:aws:iam::${account}:root`);
    assert.deepEqual(findNewPrincipals(trusting(deleted), document), [ofAccount(account)]);
    assert.deepEqual(findNewPrincipals(trusting(deleted, ofAccount(account)), document), []);
    assert.deepEqual(findNewPrincipals(trustOf("batch.amazonaws.com"), document), []);
  });
});
