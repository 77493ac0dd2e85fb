import type { DeployedFunction, DeployedMapping, Read } from "../model/deployed.ts";
import { fail, joinVerdicts, judgeRead, pass, type Verdict, warn } from "./check.ts";
import type { ExpectedFunction } from "./expectation.ts";

/**
 * Judges a function of Lambda: it is active, its concurrency is not set to zero, and each queue and stream that feeds it is
 * connected.
 */
export function judgeFunction(
  expected: ExpectedFunction,
  lambda: Read<DeployedFunction>,
  region: string,
): Verdict {
  return judgeRead(lambda, (found) =>
    joinVerdicts([
      judgeState(found),
      judgeRead(
        found.reserved,
        ({ concurrency }) => judgeConcurrency(expected, concurrency, region),
        () => pass("No concurrency is reserved."),
      ),
      judgeRead(found.mappings, (mappings) => judgeMappings(expected, mappings, region)),
    ]),
  );
}

function judgeState({ state, lastUpdate }: DeployedFunction): Verdict {
  if (lastUpdate === "Failed")
    return fail(
      "Its last update failed: it runs as before.",
      "Read the reason in the Lambda console, and deploy the guard again.",
    );
  switch (state) {
    case "Active":
      return pass("Active.");
    // Lambda takes the resources of a function that was not called for weeks, and gives them back with the next call.
    case "Inactive":
      return pass("Inactive until its next call.");
    case "Pending":
      return warn("It is being created.", "Run doctor again in a minute.");
    default:
      return fail(
        `Its state is ${state}.`,
        "Read the reason in the Lambda console, and deploy the guard again.",
      );
  }
}

function judgeConcurrency(
  { name }: ExpectedFunction,
  concurrency: number | undefined,
  region: string,
): Verdict {
  if (concurrency !== 0) return pass("It may run.");
  return fail(
    "Its reserved concurrency is 0: it never runs.",
    "Find out in CloudTrail who set it (lambda:PutFunctionConcurrency), and delete it.",
    `aws lambda delete-function-concurrency --region ${region} --function-name ${name}`,
  );
}

function judgeMappings(
  { queues, streamOf, name }: ExpectedFunction,
  mappings: readonly DeployedMapping[],
  region: string,
): Verdict {
  const wanted = [
    ...queues.map((arn) => ({
      source: `the queue ${arn.slice(arn.lastIndexOf(":") + 1)}`,
      feeds: (mapping: DeployedMapping) => mapping.source === arn,
    })),
    ...(streamOf === undefined
      ? []
      : [
          {
            source: `the stream of the table ${streamOf}`,
            feeds: ({ source }: DeployedMapping) => source.includes(`:table/${streamOf}/stream/`),
          },
        ]),
  ];
  const verdicts = wanted.map(({ source, feeds }) => {
    const found = mappings.filter(feeds);
    return judgeMapping(source, found.find(({ state }) => state === "Enabled") ?? found[0], name, region);
  });
  const [first, ...others] = verdicts;
  return first === undefined ? pass("No queue feeds it.") : joinVerdicts([first, ...others]);
}

function judgeMapping(
  source: string,
  mapping: DeployedMapping | undefined,
  name: string,
  region: string,
): Verdict {
  const command = `aws lambda list-event-source-mappings --region ${region} --function-name ${name}`;
  if (!mapping)
    return fail(
      `It is not connected to ${source}: what waits there is not processed.`,
      "Deploy the guard again.",
      command,
    );
  const { state, lastResult } = mapping;
  if (state === "Enabled" && lastResult?.startsWith("PROBLEM"))
    return warn(`Reading ${source}, Lambda reports: ${lastResult}`, "Read the log of the function.", command);
  if (state === "Enabled") return pass(`It is fed by ${source}.`);
  if (/^(Creating|Enabling|Updating)$/.test(state))
    return warn(`Its connection to ${source} is ${state}.`, "Run doctor again in a minute.", command);
  return fail(
    `Its connection to ${source} is ${state}: what waits there is not processed.`,
    "Find out in CloudTrail who disabled it (lambda:UpdateEventSourceMapping), and enable it by its UUID (aws lambda update-event-source-mapping --enabled --uuid UUID).",
    command,
  );
}
