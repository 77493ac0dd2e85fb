import type { DeployedTable, Read } from "../model/deployed.ts";
import { askPolicy } from "./access.ts";
import { fail, joinVerdicts, judgeRead, pass, type Verdict, warn } from "./check.ts";
import type { ExpectedTable } from "./expectation.ts";
import { type PolicyPlace, strangerOf } from "./queue.ts";

/**
 * Judges a table of DynamoDB: it is active, it has its stream, it can be restored to a point in time, and its policy denies
 * writing to everybody but the guard.
 */
export function judgeTable(
  expected: ExpectedTable,
  table: Read<DeployedTable>,
  region: string,
  place: PolicyPlace,
): Verdict {
  return judgeRead(table, ({ state, stream, recovery, policy }) =>
    joinVerdicts([
      judgeState(state),
      judgeStream(expected, stream),
      judgeRead(recovery, (isOn) => judgeRecovery(expected, isOn, region)),
      judgeRead(
        policy,
        (text) => judgeWriters(expected, text, place),
        () =>
          fail(
            "It has no resource policy: others of the account can write what the guard believes. A table that was restored from a backup has none.",
            "Deploy the guard again: the deployment sets it.",
          ),
      ),
    ]),
  );
}

function judgeState(state: string): Verdict {
  switch (state) {
    case "ACTIVE":
      return pass("Active.");
    case "CREATING":
    case "UPDATING":
      return warn(`Its state is ${state}.`, "Run doctor again in some minutes.");
    default:
      return fail(`Its state is ${state}.`, "Read the reason in the DynamoDB console.");
  }
}

function judgeStream({ hasStream }: ExpectedTable, stream: string | undefined): Verdict {
  if (!hasStream) return pass("It needs no stream.");
  if (stream !== undefined) return pass("Its stream is on.");
  return fail(
    "Its stream is off: people are told of nothing until a sweep.",
    "Deploy the guard again, then start a sweep.",
  );
}

function judgeRecovery({ name }: ExpectedTable, isOn: boolean, region: string): Verdict {
  if (isOn) return pass("It can be restored to a point in time.");
  return warn(
    "Point-in-time recovery is off: what is deleted cannot be restored.",
    "Switch it on.",
    `aws dynamodb update-continuous-backups --region ${region} --table-name ${name} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
  );
}

function judgeWriters({ arn }: ExpectedTable, policy: string, place: PolicyPlace): Verdict {
  const { partition } = place;
  const answer = askPolicy(
    policy,
    { action: "dynamodb:PutItem", resource: arn, partition },
    { stranger: strangerOf(place) },
  );
  switch (answer.status) {
    case "explicitDeny":
      return pass("Only the guard may write it.");
    case "unreadable":
      return fail(`Its resource policy cannot be read: ${answer.why}`, "Deploy the guard again.");
    case "allowed":
    case "implicitDeny":
      return fail(
        "Its resource policy does not deny writing to the others of the account, and the guard believes what is in it.",
        "Find out in CloudTrail who changed it (dynamodb:PutResourcePolicy), and deploy the guard again.",
      );
  }
}
