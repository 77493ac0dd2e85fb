import { setTimeout } from "node:timers/promises";
import type { Config } from "@drift-guard/core/config/config";
import type { ControlStore, ResourceReader } from "@drift-guard/core/ports";
import type { EnsurePorts } from "@drift-guard/guard/ports";
import { type AccountSource, AccountUnreadableError, openLiveAccount } from "../account-source.ts";
import { chooseLiveSource, openLiveBatch } from "../batch/live.ts";
import { type BatchSurvey, surveyBatch } from "../batch/survey.ts";
import { openTables } from "../rollback/session.ts";

/** The live account with the caller's credentials, and what AWS Batch uses roles for. */
export interface EnsureSession extends Pick<AccountSource, "account" | "partition" | "from"> {
  readonly ports: EnsurePorts;
  readonly resources: ResourceReader;
  readonly survey: BatchSurvey;
  /** What people decided about roles; left out if no deployed guard is named. */
  readonly control?: Pick<ControlStore, "load">;
  close(): void;
}

/**
 * Opens the live account of the AWS SDK's credentials and reads AWS Batch in `regions`, or in every enabled Region where
 * there is no configuration. `stage`: the deployed guard whose records say what people decided. Throws
 * `AccountUnreadableError`.
 */
export async function openEnsureSession(
  config: Config,
  regions: readonly string[] | undefined,
  onProgress: (text: string) => void,
  stage: string | undefined,
): Promise<EnsureSession> {
  const { account, partition, from, reader, live } = await openLiveAccount();
  if (!live) throw new AccountUnreadableError("ensure works on a live account only.");
  const [{ IAMClient }, { createManagedPolicyReader }, writing, building, keeping] = await Promise.all([
    import("@aws-sdk/client-iam"),
    import("@drift-guard/aws/iam/live-policy"),
    import("@drift-guard/aws/iam/writer"),
    import("@drift-guard/aws/iam/builder"),
    import("@drift-guard/aws/iam/linked-role"),
  ]);
  const client = new IAMClient({ region: live.region });
  const opened = await openLiveBatch(live);
  const batch = await chooseLiveSource(opened, live, regions);
  const survey = await surveyBatch(batch, reader, { config, account, partition }, (done) =>
    onProgress(`Reading AWS Batch: ${done} of ${batch.regions.length} regions`),
  );
  const stores = stage === undefined ? undefined : await openTables(stage, config, { account, partition });
  return {
    account,
    partition,
    from,
    ...(stores && { control: stores.control }),
    close: () => {
      survey.close();
      stores?.close();
    },
    resources: opened.resources,
    survey,
    ports: {
      roles: reader,
      policies: createManagedPolicyReader(client),
      writer: writing.createRoleWriter(client),
      builder: building.createRoleBuilder(client),
      keeper: keeping.createLinkedRoleKeeper(client),
      wait: (seconds) => setTimeout(seconds * 1000),
    },
  };
}
