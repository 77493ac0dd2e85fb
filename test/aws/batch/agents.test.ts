import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ECSClient } from "@aws-sdk/client-ecs";
import { createAgentReader } from "@drift-guard/aws/batch/agents";
import type { AgentReader } from "@drift-guard/core/ports";
import { account } from "../../builders.ts";
import { clientSettingsFor } from "../client-settings.ts";
import { type Answer, type Call, json, jsonFault, type Responder, withResponder } from "../responder.ts";

const region = "us-east-1";
const cluster = `arn:aws:ecs:${region}:${account}:cluster/AWSBatch-prod-1`;

describe("A reader of ECS agents", () => {
  it("finds the oldest version on all pages, with one description call for each page", async () => {
    const pages = [
      { containerInstanceArns: ["a", "b"], nextToken: "more" },
      { containerInstanceArns: ["c"] },
    ];
    const versions: Record<string, string> = { a: "1.86.3", b: "1.16.0", c: "1.9.2" };
    const bodies: unknown[] = [];
    const answer = ({ action, body }: Call): Answer => {
      const given: unknown = JSON.parse(body);
      bodies.push(given);
      if (action === "ListContainerInstances") return json(pages.shift() ?? {});
      const asked = Object.entries(versions).filter(([arn]) => body.includes(`"${arn}"`));
      return json({
        containerInstances: asked.map(([containerInstanceArn, agentVersion]) => ({
          containerInstanceArn,
          versionInfo: { agentVersion },
        })),
      });
    };
    await withEcs(answer, async (reader, { calls }) => {
      assert.equal(await reader.oldestAgent(region, cluster), "1.9.2");
      const [list, describes] = ["ListContainerInstances", "DescribeContainerInstances"];
      assert.deepEqual(calls, [list, describes, list, describes]);
      assert.deepEqual(bodies, [
        { cluster, status: "ACTIVE", maxResults: 100 },
        { cluster, containerInstances: ["a", "b"] },
        { cluster, status: "ACTIVE", maxResults: 100, nextToken: "more" },
        { cluster, containerInstances: ["c"] },
      ]);
    });
  });

  it("finds no version in a cluster without instances", async () => {
    await withEcs(
      () => json({ containerInstanceArns: [] }),
      async (reader, { calls }) => {
        assert.equal(await reader.oldestAgent(region, cluster), undefined);
        assert.deepEqual(calls, ["ListContainerInstances"]);
      },
    );
  });

  it("reports an instance without a version as unknown", async () => {
    const answer = ({ action }: Call) =>
      action === "ListContainerInstances"
        ? json({ containerInstanceArns: ["a"] })
        : json({ containerInstances: [{ containerInstanceArn: "a" }] });
    await withEcs(answer, async (reader) => {
      assert.equal(await reader.oldestAgent(region, cluster), "unknown");
    });
  });

  it("finds no version if ECS denies the call or the cluster does not exist", async () => {
    for (const answer of [
      jsonFault("AccessDeniedException", "You are not authorized.", 400),
      jsonFault("ClusterNotFoundException", "Cluster not found.", 400),
    ]) {
      await withEcs(
        () => answer,
        async (reader) => assert.equal(await reader.oldestAgent(region, cluster), undefined),
      );
    }
  });

  it("reports every other failure with the cluster", async () => {
    await withEcs(
      () => jsonFault("InvalidParameterException", "It is no cluster.", 400),
      async (reader) => {
        await assert.rejects(reader.oldestAgent(region, cluster), {
          name: "AgentsUnreadableError",
          message:
            /cluster\/AWSBatch-prod-1 could not be read: .* answered InvalidParameter: It is no cluster\./,
        });
      },
    );
  });
});

async function withEcs(
  answer: (call: Call) => Answer,
  work: (reader: AgentReader, responder: Responder) => Promise<void>,
): Promise<void> {
  await withResponder(answer, async (responder) => {
    const client = new ECSClient(clientSettingsFor(responder.endpoint));
    await work(
      createAgentReader(() => client),
      responder,
    );
    client.destroy();
  });
}
