import { findNextCommand, type RemediationCommand } from "@drift-guard/formats/remediation";
import { quoteArgument } from "@drift-guard/formats/steps";
import type { AnnouncedFinding } from "./subject.ts";

/** Returns the commands that a person may run next, the most likely first. `options` name the guard. */
export function listCommands(
  announced: AnnouncedFinding,
  options: readonly string[],
): readonly RemediationCommand[] {
  const { finding } = announced.transition;
  const { evidence, state } = finding;
  const { standing } = announced;
  const guard = (purpose: string, words: string, more = "") => ({
    purpose,
    command: `npx drift-guard ${words} ${finding.id} ${options.map(quoteArgument).join(" ")}${more}`,
  });
  const next = findNextCommand(announced);
  const plan = guard("see the steps of a rollback, and what the guard does", "rollback plan");
  const suppress = guard("accept it for a time", "findings suppress", ' --reason "TEXT"');
  const isDrift = evidence.kind === "drift";
  switch (state) {
    case "resolved":
      return [guard("see its whole history", "findings history")];
    case "suppressed":
      return [
        ...(next ? [next] : []),
        // The guard ends no exception of the configuration.
        ...("configured" in standing && standing.configured
          ? []
          : [guard("end the exception", "findings reopen")]),
        guard("see its whole history", "findings history"),
      ];
    case "open":
      return [
        ...(next ? [next] : []),
        ...(isDrift && next?.command !== plan.command ? [plan] : []),
        suppress,
        ...(isDrift && evidence.part.kind !== "role"
          ? [guard("accept it for good, in the role's reference", "findings accept")]
          : []),
        ...(evidence.kind === "impersonation"
          ? [guard("close it, once you have dealt with it", "close", ' --reason "TEXT"')]
          : []),
        guard("see its whole history", "findings history"),
      ];
  }
}
