import {
  type AwsSecurityFinding,
  BatchImportFindingsCommand,
  type SecurityHubClient,
} from "@aws-sdk/client-securityhub";
import { formatCause, HubDisabledError } from "@drift-guard/core/errors";
import type { Delivery, FindingImporter } from "@drift-guard/core/ports";
import { errorCodeOf } from "../failure.ts";
import { DeliveryError, toDeliveryError } from "./delivery-error.ts";

/** A finding that Security Hub rejected. */
export interface RefusedFinding {
  /** ASFF `Id`. */
  readonly id: string;
  /** Security Hub's error code and message. */
  readonly why: string;
}

/** Security Hub rejected some findings of an import; it imported the others. */
export class FindingsRefusedError extends DeliveryError {
  readonly refused: readonly RefusedFinding[];
  constructor(message: string, refused: readonly RefusedFinding[]) {
    super(message);
    this.refused = refused;
  }
}

// BatchImportFindings takes 100 findings and 6 MB (docs/aws-facts.md, "Security Hub").
const limits = { findings: 100, bytes: 5_500_000 };

/**
 * Creates or updates findings through `securityhub:BatchImportFindings`, in as few calls as its limits allow. After all
 * calls it throws `FindingsRefusedError`, which names the rejected findings. Throws `HubDisabledError`, and `DeliveryError`
 * if a call fails as a whole. A call that Security Hub rejects as invalid is repeated in halves, so that one bad finding
 * keeps no other from being imported.
 */
export async function importFindings(
  client: SecurityHubClient,
  findings: readonly AwsSecurityFinding[],
): Promise<void> {
  const refused: RefusedFinding[] = [];
  for (const chunk of packChunks(findings)) refused.push(...(await importChunk(client, chunk)));
  if (refused.length === 0) return;
  throw new FindingsRefusedError(
    `Security Hub rejected ${refused.length} of ${findings.length} findings: ` +
      `${refused.map(({ id, why }) => `${id}: ${why}`).join("; ")}.`,
    refused,
  );
}

/**
 * Creates an importer of findings into Security Hub. `format` returns a delivery's finding in ASFF. `import` throws
 * `HubDisabledError`, and `DeliveryError` if a call fails as a whole, or if Security Hub rejects a finding that was not in the batch: it is then
 * unknown which findings were imported. It throws what `format` throws before any call.
 */
export function createFindingImporter(
  client: SecurityHubClient,
  format: (delivery: Delivery) => Promise<AwsSecurityFinding>,
): FindingImporter {
  return {
    async import(deliveries) {
      const batch = await Promise.all(
        deliveries.map(async (delivery) => ({
          id: delivery.transition.finding.id,
          asff: await format(delivery),
        })),
      );
      try {
        await importFindings(
          client,
          batch.map(({ asff }) => asff),
        );
        return new Map();
      } catch (error) {
        if (!(error instanceof FindingsRefusedError)) throw error;
        const ids = new Map(batch.map(({ id, asff }) => [asff.Id, id]));
        const refused = new Map<string, string>();
        for (const { id, why } of error.refused) {
          const finding = ids.get(id);
          if (finding === undefined) throw error;
          refused.set(finding, why);
        }
        return refused;
      }
    },
  };
}

function packChunks(findings: readonly AwsSecurityFinding[]): readonly AwsSecurityFinding[][] {
  const chunks: AwsSecurityFinding[][] = [];
  let bytes = 0;
  for (const finding of findings) {
    const size = Buffer.byteLength(JSON.stringify(finding));
    const last = chunks.at(-1);
    if (last && last.length < limits.findings && bytes + size <= limits.bytes) {
      last.push(finding);
      bytes += size;
    } else {
      chunks.push([finding]);
      bytes = size;
    }
  }
  return chunks;
}

async function importChunk(
  client: SecurityHubClient,
  chunk: AwsSecurityFinding[],
): Promise<readonly RefusedFinding[]> {
  try {
    const answer = await client.send(new BatchImportFindingsCommand({ Findings: chunk }));
    return (answer.FailedFindings ?? []).map(({ Id, ErrorCode, ErrorMessage }) => ({
      id: Id ?? "a finding without an Id",
      why: `${ErrorCode ?? "no reason given"} ${ErrorMessage ?? ""}`.trimEnd(),
    }));
  } catch (error) {
    if (errorCodeOf(error) !== "InvalidInput") throw toHubError(error, "securityhub:BatchImportFindings");
    const [only] = chunk;
    if (chunk.length === 1 && only) return [{ id: only.Id ?? "", why: formatCause(error) }];
    const middle = Math.ceil(chunk.length / 2);
    return [
      ...(await importChunk(client, chunk.slice(0, middle))),
      ...(await importChunk(client, chunk.slice(middle))),
    ];
  }
}

/**
 * Returns the failure of a call to Security Hub as a `HubDisabledError` or a `DeliveryError`. `permission` is the IAM action
 * of the call.
 */
export function toHubError(error: unknown, permission: string): HubDisabledError | DeliveryError {
  if (errorCodeOf(error) === "InvalidAccess") {
    return new HubDisabledError(
      "Security Hub is not enabled in this account and region. Enable it, or set securityHub to false in " +
        "drift-guard.config.ts and deploy again.",
      { cause: error },
    );
  }
  return toDeliveryError("Security Hub", error, permission);
}
