import { chooseRegions } from "@drift-guard/core/batch/account-regions";
import type { AgentReader, BatchReader, RegionLister, ResourceReader } from "@drift-guard/core/ports";
import { lookInOtherRegions } from "@drift-guard/guard/inspect/other-regions";
import { ec2Endpoint, type LiveAccount } from "../account-source.ts";
import type { BatchSource } from "./survey.ts";

/** AWS Batch of the live account, and what is read with it, as the sweep reads it. */
export interface LiveBatch {
  readonly batch: BatchReader;
  readonly agents: AgentReader;
  readonly resources: ResourceReader;
  /** Lists the Regions of the account. */
  readonly listRegions: RegionLister;
}

/** Opens AWS Batch of the live account, with the ECS agents of its clusters and the secrets, parameters and keys of its jobs. */
export async function openLiveBatch(live: LiveAccount): Promise<LiveBatch> {
  const [account, batch, ecs, kms, secrets, ssm, regions, reader, agents, resources] = await Promise.all([
    import("@aws-sdk/client-account"),
    import("@aws-sdk/client-batch"),
    import("@aws-sdk/client-ecs"),
    import("@aws-sdk/client-kms"),
    import("@aws-sdk/client-secrets-manager"),
    import("@aws-sdk/client-ssm"),
    import("@drift-guard/aws/batch/account-regions"),
    import("@drift-guard/aws/batch/reader"),
    import("@drift-guard/aws/batch/agents"),
    import("@drift-guard/aws/resources"),
  ]);
  return {
    batch: reader.createBatchReader((region) => new batch.BatchClient({ region }), live),
    agents: agents.createAgentReader((region) => new ecs.ECSClient({ region })),
    resources: resources.createResourceReader(
      {
        secrets: (region) => new secrets.SecretsManagerClient({ region }),
        keys: (region) => new kms.KMSClient({ region }),
        parameters: (region) => new ssm.SSMClient({ region }),
      },
      live,
    ),
    listRegions: () =>
      regions.listAccountRegions(new account.AccountClient({ region: live.region }), {
        ec2: { endpoint: ec2Endpoint() },
      }),
  };
}

/**
 * Returns the Regions of the live account's AWS Batch to read: `configured`, or every Region that the account has enabled
 * where there is no configuration.
 */
export async function chooseLiveSource(
  { batch, agents, listRegions }: LiveBatch,
  { partition, from }: Pick<LiveAccount, "partition" | "from">,
  configured: readonly string[] | undefined,
): Promise<BatchSource> {
  if (configured) {
    const otherRegions = lookInOtherRegions({ batch, listRegions }, { partition, known: configured });
    return {
      batch,
      agents,
      from: [from],
      regions: configured.toSorted(),
      coversAll: true,
      otherRegions,
    };
  }
  const { read, unlisted } = chooseRegions(partition, await listRegions());
  return {
    batch,
    agents,
    from: [from],
    regions: read,
    coversAll: true,
    ...(unlisted !== undefined && { unlisted }),
  };
}
