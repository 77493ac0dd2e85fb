import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { formatFailure } from "@drift-guard/aws/failure";
import { clientSettingsFor } from "./client-settings.ts";
import { type Answer, refusal, withResponder } from "./responder.ts";

describe("formatFailure", () => {
  it("says in plain words that an answer could not be read, without the SDK's advice", async () => {
    const page = "<html><head><title>Not found</head></html>";
    for (const answer of [
      { status: 200, body: page },
      { status: 404, body: page },
    ]) {
      const text = await failWith(answer);
      assert.match(text, /iam:GetRole (?:could not be read|gave no readable answer|answered)/);
      assert.doesNotMatch(text, /Deserialization|raw response|\$response|@aws-sdk/);
    }
  });

  it("says what to do about a denied, a throttled and an unknown caller", async () => {
    assert.match(await failWith(refusal("AccessDenied", "no", 403)), /Allow iam:GetRole to the identity/);
    assert.match(await failWith(refusal("InvalidClientTokenId", "no", 403)), /Check the credentials\.$/);
    assert.match(
      await failWith(refusal("UnrecognizedClientException", "no", 403)),
      /not enabled in the account, or they are a token of the global STS endpoint/,
    );
  });
});

async function failWith(answer: Answer): Promise<string> {
  let text = "";
  await withResponder(
    () => answer,
    async ({ endpoint }) => {
      const client = new IAMClient(clientSettingsFor(endpoint));
      await client.send(new GetRoleCommand({ RoleName: "x" })).catch((error: unknown) => {
        text = formatFailure(error, "iam:GetRole");
      });
      client.destroy();
    },
  );
  return text;
}
