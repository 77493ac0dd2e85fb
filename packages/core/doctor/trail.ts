import type { DeployedTrail, Read, SelectorField, TrailSelector } from "../model/deployed.ts";
import { cannotTell, fail, judgeRead, pass, type Verdict, warn } from "./check.ts";

/** How many of a service's writing calls a trail logs. */
type Coverage = "all" | "some" | "none";

const order: readonly Coverage[] = ["none", "some", "all"];

/**
 * Judges whether CloudTrail's events about calls to these services (such as `iam.amazonaws.com`) reach EventBridge in a
 * Region: a trail must log there, with management events that write (docs/aws-facts.md, "EventBridge delivery").
 */
export function judgeTrails(
  region: string,
  sources: readonly string[],
  trails: Read<readonly DeployedTrail[]>,
): Verdict {
  return judgeRead(trails, (found) => judgeFound(region, sources, found));
}

const consequence =
  "No event of CloudTrail reaches EventBridge from here: the guard finds drift only by its sweeps, and nobody is told of calls that can blind it.";
const next =
  "Create a trail of all Regions that logs management events, or ask the administrators of the organization for theirs.";

function judgeFound(region: string, sources: readonly string[], trails: readonly DeployedTrail[]): Verdict {
  const command = `aws cloudtrail describe-trails --region ${region}`;
  if (trails.length === 0) return fail(`No trail applies to ${region}. ${consequence}`, next, command);
  const rated = trails.map((trail) => ({ trail, coverage: rate(trail, sources) }));
  const best = (wanted: Coverage | "unknown") => rated.find(({ coverage }) => coverage === wanted)?.trail;
  const whole = best("all");
  if (whole) return pass(`The trail ${whole.arn} logs management events that write.`);
  const unread = best("unknown");
  if (unread) {
    const why = [unread.logging, unread.selectors].flatMap((read) =>
      read.status === "unknown"
        ? [read.why]
        : read.status === "absent"
          ? ["CloudTrail does not show it."]
          : [],
    );
    return cannotTell(
      `Whether the trail ${unread.arn} logs management events is not known. ${why.join(" ")}`,
    );
  }
  const partial = best("some");
  if (partial)
    return warn(
      `The trail ${partial.arn} logs only some of the management events that write.`,
      "Let one trail log all management events that write.",
      `aws cloudtrail get-event-selectors --region ${region} --trail-name ${partial.arn}`,
    );
  return fail(
    `${trails.length === 1 ? "The only trail" : `None of the ${trails.length} trails`} of ${region} ${
      trails.length === 1 ? "does not log" : "logs"
    } management events that write. ${consequence}`,
    "Start its logging, and let it log management events, also those of IAM and AWS Batch.",
    command,
  );
}

function rate(
  { logging, selectors, globalServices }: DeployedTrail,
  sources: readonly string[],
): Coverage | "unknown" {
  // A trail that does not log needs no selectors to be judged.
  if (logging.status === "read" && !logging.value) return "none";
  if (logging.status !== "read" || selectors.status !== "read") return "unknown";
  const { value } = selectors;
  // A trail must cover every service, and each selector may add to it.
  const covered = sources.map((source) => {
    const found = strongest(value.map((selector) => coverageOf(selector, source)));
    return source === "iam.amazonaws.com" && !globalServices ? weakest([found, "some"]) : found;
  });
  return weakest(covered);
}

function strongest(found: readonly Coverage[]): Coverage {
  return order.findLast((each) => found.includes(each)) ?? "none";
}

function weakest(found: readonly Coverage[]): Coverage {
  return order.find((each) => found.includes(each)) ?? "none";
}

function coverageOf(selector: TrailSelector, source: string): Coverage {
  switch (selector.kind) {
    case "basic": {
      const { management, readWrite, excludedSources } = selector;
      const excluded = excludedSources.some((each) => each.toLowerCase() === source);
      return management && readWrite !== "ReadOnly" && !excluded ? "all" : "none";
    }
    case "advanced": {
      const { fields } = selector;
      if (!fields.some(({ field, equals }) => field === "eventCategory" && equals.includes("Management")))
        return "none";
      return weakest([
        "all",
        ...fields.filter(({ field }) => field !== "eventCategory").map((field) => narrow(field, source)),
      ]);
    }
  }
}

/** Returns how many of the calls that write to a service one field of a selector lets through. */
function narrow({ field, equals, notEquals, hasOther }: SelectorField, source: string): Coverage {
  const value = field === "readOnly" ? "false" : field === "eventSource" ? source : undefined;
  if (value === undefined || hasOther) return "some";
  const equal = (each: string) => each.toLowerCase() === value;
  if (notEquals.some(equal)) return "none";
  return equals.length === 0 || equals.some(equal) ? "all" : "none";
}
