import {
  type BatchClient,
  type JobQueueDetail,
  paginateDescribeJobQueues,
  paginateDescribeServiceEnvironments,
} from "@aws-sdk/client-batch";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import { lastSegment } from "@drift-guard/core/model/arn";

import type { RegionReader } from "@drift-guard/core/ports";
import { formatFailure } from "../failure.ts";

/**
 * Creates a reader of the service environments of a region, each of which uses the service-linked role for SageMaker
 * (2.5), and of the job queues that name them. It needs `batch:DescribeServiceEnvironments` and, where there are any,
 * `batch:DescribeJobQueues`, and reads all pages. Throws `BatchUnreadableError`.
 */
export function createServiceEnvironmentReader(clientOf: (region: string) => BatchClient): RegionReader {
  return async (region) => {
    const client = clientOf(region);
    let permission = "batch:DescribeServiceEnvironments";
    try {
      const environments = [];
      for await (const page of paginateDescribeServiceEnvironments({ client }, {})) {
        for (const found of page.serviceEnvironments ?? []) {
          if (found.serviceEnvironmentName === undefined || found.status === "DELETED") continue;
          environments.push({
            region,
            name: found.serviceEnvironmentName,
            state: found.state ?? "ENABLED",
            status: found.status ?? "CREATING",
          });
        }
      }
      permission = "batch:DescribeJobQueues";
      const queues = [];
      if (environments.length > 0) {
        for await (const page of paginateDescribeJobQueues({ client }, {})) {
          for (const queue of page.jobQueues ?? []) {
            const order = orderOf(queue);
            if (order.length > 0)
              queues.push({ region, name: queue.jobQueueName ?? "", environments: order });
          }
        }
      }
      return { region, status: "read", environments, queues };
    } catch (cause) {
      throw new BatchUnreadableError(
        `The service environments of ${region} could not be read: ${formatFailure(cause, permission)}`,
        { cause },
      );
    }
  };
}

function orderOf({ serviceEnvironmentOrder = [] }: JobQueueDetail): readonly string[] {
  return serviceEnvironmentOrder
    .toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .flatMap(({ serviceEnvironment }) =>
      serviceEnvironment === undefined ? [] : [lastSegment(serviceEnvironment)],
    );
}
