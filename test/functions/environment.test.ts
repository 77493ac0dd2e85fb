import "./quiet.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FunctionName, functionEnvironments } from "@drift-guard/core/config/environment";
import { handler as detect } from "../../functions/detect.ts";
import { handler as lookup } from "../../functions/lookup.ts";
import { handler as notify } from "../../functions/notify.ts";
import { handler as publish } from "../../functions/publish.ts";
import { handler as respond } from "../../functions/respond.ts";
import { handler as rollback } from "../../functions/rollback.ts";
import { handler as securityhub } from "../../functions/securityhub.ts";
import { handler as sweep } from "../../functions/sweep.ts";
import { aContext, queueEvent } from "./invocations.ts";

const functions = {
  detect: { handler: detect, variables: functionEnvironments.detect.shape },
  lookup: { handler: lookup, variables: functionEnvironments.lookup.shape },
  notify: { handler: notify, variables: functionEnvironments.notify.shape },
  publish: { handler: publish, variables: functionEnvironments.publish.shape },
  respond: { handler: respond, variables: functionEnvironments.respond.shape },
  rollback: { handler: rollback, variables: functionEnvironments.rollback.shape },
  securityhub: { handler: securityhub, variables: functionEnvironments.securityhub.shape },
  sweep: { handler: sweep, variables: functionEnvironments.sweep.shape },
} satisfies Record<FunctionName, unknown>;

/** The names of the variables that a `ConfigError` lists. */
function listMissing(error: unknown): readonly string[] {
  assert.ok(error instanceof Error && error.name === "ConfigError", String(error));
  return [...error.message.matchAll(/^ {2}(\w+) is missing$/gm)].map(([, name = ""]) => name).sort();
}

describe("the environment variables", () => {
  for (const [name, { handler, variables }] of Object.entries(functions)) {
    it(`that ${name} requires are those that the stack sets for it`, async () => {
      const required = Object.entries(variables).filter(([, { def }]) => def.type !== "optional");
      const error: unknown = await handler(queueEvent(), aContext()).then(
        () => assert.fail("the handler ran without its variables"),
        (reason: unknown) => reason,
      );
      assert.deepEqual(listMissing(error), required.map(([variable]) => variable).sort());
    });
  }
});
