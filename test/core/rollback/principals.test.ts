import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mayApprove } from "@drift-guard/core/rollback/approvers";
import { isSamePrincipal } from "@drift-guard/core/rollback/pause";
import { account } from "../../builders.ts";

const sessionArn = (role: string, session: string) =>
  `arn:aws:sts::${account}:assumed-role/${role}/${session}`;
const roleArn = (pathAndName: string) => `arn:aws:iam::${account}:role/${pathAndName}`;
const sessionOf = (pathAndName: string, session: string) => ({
  type: "AssumedRole",
  arn: sessionArn(pathAndName.replace(/^.*\//, ""), session),
  issuer: roleArn(pathAndName),
  session,
});

describe("the principal of an actor", () => {
  it("is the same under another session name of the role", () => {
    const actor = sessionOf("people/ops", "mallory");
    assert.ok(isSamePrincipal(actor, sessionArn("ops", "somebody-else")));
    assert.ok(!isSamePrincipal(actor, sessionArn("auditors", "mallory")));
    assert.ok(!isSamePrincipal(actor, sessionArn("ops", "mallory").replace(account, "999999999999")));
  });

  it("is the same for the same user, and for the user behind a session", () => {
    const alice = `arn:aws:iam::${account}:user/alice`;
    assert.ok(isSamePrincipal({ type: "IAMUser", arn: alice }, alice));
    assert.ok(isSamePrincipal({ type: "FederatedUser", arn: sessionArn("x", "y"), issuer: alice }, alice));
    assert.ok(!isSamePrincipal({ type: "IAMUser", arn: alice }, `arn:aws:iam::${account}:user/bob`));
  });

  it("is told apart by the session's name for roles of IAM Identity Center alone", () => {
    const admin = "AWSReservedSSO_Admin_0123456789abcdef";
    const mallory = sessionOf(`aws-reserved/sso.amazonaws.com/eu-west-1/${admin}`, "mallory@example.com");
    assert.ok(!isSamePrincipal(mallory, sessionArn(admin, "anna@example.com")));
    assert.ok(isSamePrincipal(mallory, sessionArn(admin, "Mallory@example.com")));
    // Anybody can give a role such a name, at another path.
    assert.ok(isSamePrincipal(sessionOf(`people/${admin}`, "mallory"), sessionArn(admin, "anna")));
    // Without its issuer, the path of the role is not known.
    const { issuer: _, ...unknown } = mallory;
    assert.ok(isSamePrincipal(unknown, sessionArn(admin, "anna@example.com")));
  });
});

describe("the approvers", () => {
  const userId = "AROAOPS:ann";

  it("are everybody where the owner lists nobody", () => {
    assert.ok(mayApprove({ principal: roleArn("ops"), userId }, []));
  });

  it("are known by the ARN of the user or of the role with its path", () => {
    const patterns = [roleArn("people/ops"), `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/*`];
    assert.ok(mayApprove({ principal: roleArn("people/ops"), userId }, patterns));
    assert.ok(
      mayApprove(
        { principal: roleArn("aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_1"), userId },
        patterns,
      ),
    );
    assert.ok(!mayApprove({ principal: roleArn("ops"), userId }, patterns));
    assert.ok(!mayApprove({ principal: `arn:aws:iam::${account}:user/ops`, userId }, patterns));
  });
});
