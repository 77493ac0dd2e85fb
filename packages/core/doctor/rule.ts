import type { DeployedRule, DeployedTarget, Read } from "../model/deployed.ts";
import { cannotTell, deployAgain, fail, joinVerdicts, judgeRead, pass, type Verdict, warn } from "./check.ts";
import type { ExpectedRule } from "./expectation.ts";

const loss = "What it matches does not reach the guard.";

/**
 * Judges a rule of EventBridge: it is enabled, names every watched call, matches the sample, and sends to its target with a
 * dead-letter queue. `matches` is EventBridge's own answer about the sample.
 */
export function judgeRule(expected: ExpectedRule, rule: Read<DeployedRule>, matches: Read<boolean>): Verdict {
  return judgeRead(
    rule,
    ({ state, pattern, targets }) =>
      joinVerdicts([
        judgeState(expected, state),
        judgePattern(expected, pattern, matches),
        judgeRead(targets, (found) => judgeTargets(expected, found)),
      ]),
    () => fail(`It does not exist. ${loss}`, deployAgain),
  );
}

function judgeState({ name, region, bus }: ExpectedRule, state: string): Verdict {
  if (state.startsWith("ENABLED")) return pass("Enabled.");
  const onBus = bus === undefined ? "" : ` --event-bus-name ${bus}`;
  return fail(
    `It is ${state}. ${loss}`,
    "Find out in CloudTrail who disabled it (events:DisableRule), and enable it.",
    `aws events enable-rule --region ${region} --name ${name}${onBus}`,
  );
}

function judgePattern({ calls = [] }: ExpectedRule, pattern: string, matches: Read<boolean>): Verdict {
  const named = readNames(pattern);
  const missing = calls.filter((call) => !named.includes(call));
  if (missing.length > 0)
    return fail(
      `Its pattern does not name ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more watched calls` : ""}. ${loss}`,
      "Deploy this version of the guard again: somebody changed the pattern, or the guard is of another version.",
    );
  return judgeRead(
    matches,
    (isMatch) =>
      isMatch
        ? pass("Its pattern matches a sample event.")
        : fail(
            `Its pattern does not match a sample event. ${loss}`,
            "Deploy the guard again: somebody changed the pattern.",
          ),
    () => cannotTell("EventBridge did not say whether its pattern matches a sample event."),
  );
}

/** Returns the names of calls in a pattern; none if it is no pattern of calls. */
function readNames(pattern: string): readonly unknown[] {
  try {
    const parsed: { readonly detail?: { readonly eventName?: unknown } } | null = JSON.parse(pattern);
    const names = parsed?.detail?.eventName;
    return Array.isArray(names) ? names : [];
  } catch {
    return [];
  }
}

function judgeTargets({ target }: ExpectedRule, targets: readonly DeployedTarget[]): Verdict {
  const found = targets.find(({ arn }) => arn === target);
  if (!found)
    return fail(
      `It does not send to ${target}. ${loss}`,
      "Deploy the guard again: somebody removed the target.",
    );
  if (found.deadLetters === undefined)
    return warn(
      "Its target has no dead-letter queue: an event that cannot be delivered for a day is lost.",
      "Deploy the guard again.",
    );
  return pass("It sends to its target.");
}
