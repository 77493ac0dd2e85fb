import { findFingerprint, findVersion } from "../config/fingerprint.ts";
import type { DeployedSchedule, Read, ReaderIdentity } from "../model/deployed.ts";
import type { Subscriber } from "../model/test-message.ts";
import { cannotTell, fail, judgeRead, pass, type Verdict, warn } from "./check.ts";
import type { ExpectedDeployment, ExpectedTopic } from "./expectation.ts";

/** Judges the schedule that starts the sweeps. */
export function judgeSchedule(
  { schedule, place }: Pick<ExpectedDeployment, "schedule" | "place">,
  found: Read<DeployedSchedule>,
): Verdict {
  const loss = "No sweep starts: drift that no event reported is not found.";
  const command = `aws scheduler get-schedule --region ${place.region} --name ${schedule.name}`;
  return judgeRead(
    found,
    ({ state, target }) => {
      if (state !== "ENABLED")
        return fail(`It is ${state}. ${loss}`, "Deploy the guard again, which enables it.", command);
      if (target !== schedule.target)
        return fail(
          `It starts ${target}, not ${schedule.target}. ${loss}`,
          "Deploy the guard again.",
          command,
        );
      return pass("Enabled.");
    },
    () => fail(`It does not exist. ${loss}`, "Deploy the guard again: the deployment creates it."),
  );
}

/** Judges whether Security Hub is enabled in the guard's Region. */
export function judgeHub({ place }: Pick<ExpectedDeployment, "place">, hub: Read<true>): Verdict {
  return judgeRead(
    hub,
    () => pass("Security Hub is enabled."),
    () =>
      fail(
        "Security Hub is not enabled: no finding is imported.",
        "Enable it, or set securityHub to false in the configuration and deploy.",
        `aws securityhub enable-security-hub --region ${place.region}`,
      ),
  );
}

/** Judges who is subscribed to a topic. */
export function judgeTopic(
  { arn, region, carries }: ExpectedTopic,
  subscribers: Read<readonly Subscriber[]>,
): Verdict {
  return judgeRead(subscribers, (found) => {
    const confirmed = found.filter((each) => each.confirmed).length;
    const waiting = found.length - confirmed;
    const waits = waiting === 0 ? "" : ` ${waiting} ${waiting === 1 ? "waits" : "wait"} for confirmation.`;
    if (confirmed > 0)
      return pass(`${confirmed} confirmed ${confirmed === 1 ? "subscription" : "subscriptions"}.${waits}`);
    const next =
      waiting > 0
        ? "Have the subscribers confirm: SNS sent them a message with a link."
        : "Name addresses in the configuration (emails) and deploy, or subscribe one by hand and confirm it.";
    const command = `aws sns subscribe --region ${region} --topic-arn ${arn} --protocol email --notification-endpoint ADDRESS`;
    return carries === "messages"
      ? fail(`NOBODY HEARS THE GUARD: no subscription is confirmed.${waits}`, next, command)
      : warn(`No subscription is confirmed: ${unheard[carries]}.${waits}`, next, command);
  });
}

const unheard = {
  alarms: "nobody hears that events of this Region were not forwarded",
  "blinding calls": "nobody hears of calls that can blind the guard",
} as const;

/** Judges by which configuration the guard was deployed. `fingerprint` is that of the local one. */
export function judgeConfiguration(fingerprint: string, description: Read<string>, file: string): Verdict {
  return judgeRead(
    description,
    (text) => {
      const deployed = findFingerprint(text);
      if (deployed === undefined)
        return warn(
          "The guard is of an earlier version, which does not say by which configuration it was deployed.",
          "Deploy this version.",
        );
      if (deployed === fingerprint) return pass(`The guard was deployed with ${file}.`);
      return warn(
        `The guard was deployed with another configuration than ${file}, or by another version. The other checks expect what ${file} says.`,
        "Deploy, or run doctor with the configuration that was deployed (--config FILE).",
      );
    },
    () => cannotTell("The function respond, which names the configuration, does not exist."),
  );
}

/** Judges whether the guard is of the version of this command line, whose built-in references it then has too. */
export function judgeVersion(version: string, description: Read<string>): Verdict {
  return judgeRead(
    description,
    (text) => {
      const deployed = findVersion(text);
      if (deployed === version) return pass(`The guard is of version ${version}, as this command line.`);
      return warn(
        `The guard is of ${deployed === undefined ? "an earlier version" : `version ${deployed}`}, and this command line of ${version}: the guard may judge roles by other built-in references.`,
        "Deploy, or use the command line of the guard's version.",
      );
    },
    () => cannotTell("The function respond, which names the version, does not exist."),
  );
}

// STS refuses a signature that is off by five minutes, and an answer to the guard with it.
const refusedSeconds = 300;
const noticedSeconds = 60;

/** Judges the clock of this machine. */
export function judgeClock(identity: Read<ReaderIdentity>): Verdict {
  return judgeRead(
    identity,
    ({ aheadSeconds }) => {
      const off = Math.abs(Math.round(aheadSeconds));
      if (off < noticedSeconds) return pass("The clock of this machine is right.");
      const text = `The clock of this machine is ${off} s ${aheadSeconds > 0 ? "ahead" : "behind"}.`;
      const next = "Set it by NTP.";
      return off < refusedSeconds
        ? warn(text, next)
        : fail(
            `${text} AWS refuses answers to the guard (approve, suppress, pause) that are signed by it.`,
            next,
          );
    },
    () => cannotTell("AWS's answer has no time."),
  );
}

/** Judges whose credentials these are. */
export function judgeCredentials(
  { place }: Pick<ExpectedDeployment, "place">,
  identity: Read<ReaderIdentity>,
): Verdict {
  return judgeRead(
    identity,
    ({ arn }) => pass(`Account ${place.account}, as ${arn}.`),
    () => cannotTell("STS did not say whose credentials these are."),
  );
}
