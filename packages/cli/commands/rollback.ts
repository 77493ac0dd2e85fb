import { approveRollback } from "../answers/approve.ts";
import { enableRollback, pauseRollbacks, resetAttempts, resumeRollbacks } from "../answers/pauses.ts";
import { undoRollback } from "../answers/undo.ts";
import { type Command, runSubcommand } from "../command.ts";
import { applyPlan } from "../rollback/apply.ts";
import { showPlan } from "../rollback/plan.ts";
import { showStatus } from "../rollback/status.ts";

/** `rollback`: plans a rollback, carries it out by hand, and shows what the guard's rollback does. */
export const rollback: Command = {
  help: `Shows and steers the rollback of drift.

Usage: drift-guard rollback plan   ID|ROLE [--account FILE [--batch FILE]…]
                                   [--force] [options]
       drift-guard rollback apply  ID|ROLE --yes [--plan DIGEST] [--force]
                                   [options]
       drift-guard rollback status [ROLE…] [options]
       drift-guard rollback approve ID --yes [--for TIME] [answer] [options]
       drift-guard rollback undo ID|ROLE --yes --reason TEXT [--for TIME]
                                [--rollback ID] [options]
       drift-guard rollback pause  [ROLE] --reason TEXT [--for TIME] [options]
       drift-guard rollback resume [ROLE] [answer] [options]
       drift-guard rollback enable [answer] [options]
       drift-guard rollback reset  ID|ROLE [answer] [options]
answer:  [--reason TEXT]
options: [--stage NAME | --findings FILE] [--config FILE] [--json]

  plan      read the role, and show the steps that roll it back: for each, the
            call, what it expects, the grants that it changes, and the AWS CLI
            command that does the same; for each drift, what the guard does
            about it by itself, and why not. Changes nothing.
  apply     carry out these steps with your own credentials, by the checks of
            the guard: the role is read again before each step that restores
            something, and a change by somebody else ends it. Your command
            counts as the approval, except for what is not safe. What a person
            accepted stays, and a pause holds.
  status    show modes, pauses, running and last rollbacks, attempts, the next
            try, approvals and exceptions of the roles in the configuration.
            Changes nothing.
  approve   show the steps that repair one finding as plan does, and approve
            exactly these: the guard carries them out once, if its own plan is
            the same. The drift's actor cannot approve. For 24h unless --for
            says otherwise, at most 7d
  undo      bring back the drift that the last rollback of the role, or that of
            --rollback, repaired, with your own credentials, and accept it:
            what it removed comes back, and what it restored is taken away.
            Without --yes, only show it. For 30d unless --for says otherwise,
            at most 366d
  pause     roll nothing back for a time, of one role or in the account: for
            24h unless --for says otherwise, at most 30d. People are told. A
            later end replaces an earlier one; to end it earlier, resume
  resume    end a pause
  enable    have the guard of a new deployment roll drift back from now on.
            Until then, or 7 days after its first complete sweep, it only
            records what it would do, and carries out what a person approves
  reset     count the attempts on one finding, or on those of a role, anew

  ID               a finding; the first characters of its id suffice
  ROLE             a watched role, by name or ARN
  --stage NAME     the guard that was deployed as this stage, such as
                   production, in the account of the AWS SDK's credentials and
                   the Region of the configuration (regions.guard)
  --findings FILE  an embedded guard, by its SQLite file
  --account FILE   read the role from a file with the output of "aws iam
                   get-account-authorization-details", or from standard input
                   with "-" (default: the live account)
  --batch FILE     with --account: AWS Batch's uses of the roles, from files
                   with the output of "aws batch describe-…", as check takes
                   them
  --plan DIGEST    apply only the plan that has this digest, as plan prints it
  --force          roll back also what is not safe, such as restoring
                   permissions while a stranger could get them; the plan says
                   why
  --yes            write the role; of approve, give the approval
  --for TIME       hours or days, such as 8h or 30d
  --reason TEXT    people are told of it with the answer
  --config FILE    configuration that names the watched roles and modes
                   (default: drift-guard.config.ts or .json in the working
                   directory, else the three roles of the AWS Batch User Guide;
                   with --stage local, that of drift-guard local). A guard that
                   was deployed with another is warned of
  --json           print one JSON document
                   (docs/schemas/rollback-SUBCOMMAND.schema.json; of answers,
                   docs/schemas/answer.schema.json)

Without --stage and --findings, plan knows no exceptions, pauses, approvals or
uses by AWS Batch. docs/rollback.md describes modes, windows, preconditions,
limits and the emergency stop.

Exit codes: 0 nothing to roll back, or done; 1 drift, or not carried out, or a
rollback failed or is contested; 2 could not determine.
`,
  run: runSubcommand("rollback", {
    plan: showPlan,
    apply: applyPlan,
    status: showStatus,
    approve: approveRollback,
    undo: undoRollback,
    pause: pauseRollbacks,
    resume: resumeRollbacks,
    enable: enableRollback,
    reset: resetAttempts,
  }),
};
