import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchClient } from "@aws-sdk/client-batch";
import { createBatchReader } from "@drift-guard/aws/batch/reader";
import type { BatchReader } from "@drift-guard/core/ports";
import { account } from "../../builders.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, jsonFault, type Responder, withResponder } from "../responder.ts";

const denied = jsonFault("AccessDeniedException", "You are not authorized.", 403);

describe("A reader of AWS Batch", () => {
  it("makes no call for a name that nothing can have", async () => {
    await withBatch(denied, async (reader, { calls }) => {
      for (const name of ["a b", "", "x".repeat(129), "a!b"]) {
        assert.equal(await reader.environment("us-east-1", name), undefined);
        assert.deepEqual(await reader.definition("us-east-1", name), []);
      }
      assert.deepEqual(calls, []);
    });
  });

  it("finds nothing for a name that AWS Batch rejects", async () => {
    await withBatch(
      jsonFault("ClientException", "Compute environment names must be …", 400),
      async (reader) => {
        assert.equal(await reader.environment("us-east-1", "prod"), undefined);
        assert.deepEqual(await reader.definition("us-east-1", "render"), []);
      },
    );
  });

  it("names the permission that it lacks, in every form of AWS Batch's answer", async () => {
    for (const answer of [denied, jsonFault("ClientException", "User is not authorized to do that.", 400)]) {
      await withBatch(answer, async (reader) => {
        await assert.rejects(reader.environment("us-east-1", "prod"), {
          name: "BatchUnreadableError",
          message: /us-east-1 could not be read: batch:DescribeComputeEnvironments answered/,
        });
        await assert.rejects(reader.definition("us-east-1", "render"), { name: "BatchUnreadableError" });
      });
    }
  });

  it("fails if AWS Batch refuses a list, rather than report an empty one", async () => {
    await withBatch(jsonFault("ClientException", "It is no use.", 400), async (reader) => {
      await assert.rejects(reader.environments("us-east-1")[Symbol.asyncIterator]().next(), {
        name: "BatchUnreadableError",
      });
    });
  });
});

async function withBatch(
  answer: Answer,
  work: (reader: BatchReader, responder: Responder) => Promise<void>,
): Promise<void> {
  await withResponder(
    () => answer,
    async (responder) => {
      const client = new BatchClient(clientSettingsFor(responder.endpoint));
      await work(
        createBatchReader(() => client, { account, partition: "aws" }),
        responder,
      );
      client.destroy();
    },
  );
}
