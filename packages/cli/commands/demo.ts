import { type Command, parseOptions } from "../command.ts";
import { scenes } from "../demonstration/scenes.ts";
import { setStage } from "../demonstration/stage.ts";
import { findFaults, formatScene } from "../demonstration/story.ts";
import { padCell, wrap } from "../terminal.ts";

/** `demo`: shows the guard at work on an account in memory. */
export const demo: Command = {
  help: `Shows the guard at work on an account in memory. Uses nothing of AWS and leaves
nothing behind.

Usage: drift-guard demo

The watched roles start without drift. Then four calls are made. For
each, the demo shows who made it, the drift as grants, its severity, the plan,
the rollback, and the finding from open to resolved, all computed by the code
that runs in AWS Lambda.

Exit codes: 0 every scene ended as expected, 1 one did not.
`,
  async run(args, terminal) {
    parseOptions("demo", args, {});
    const { columns, paint, print } = terminal;
    const stage = await setStage(new Date().toISOString());
    let faultCount = 0;
    try {
      await print(
        paint("bold", "drift-guard at work"),
        ...wrap(
          `Account ${stage.account.account} exists only in memory; nothing of AWS is used. The clock is simulated; all other code is what runs in AWS Lambda. Rollback is automatic.`,
          columns,
        ),
        "",
      );
      for (const { role, status, reference } of await stage.checkRoles()) {
        await print(
          ...wrap(
            `${paint("green", status)}: matches ${reference.title}, dated ${reference.date}`,
            columns,
            `   ${padCell(role, 24)} `,
            " ".repeat(28),
          ),
        );
      }
      for (const [index, scene] of scenes.entries()) {
        await print("", paint("bold", `${index + 1}. ${scene.title}`));
        const happenings = await stage.perform(scene.call, scene.by);
        await print(...formatScene(happenings, terminal));
        for (const fault of findFaults(scene, happenings, await stage.checkRoles())) {
          faultCount += 1;
          await print(paint("red", `   Unexpected: ${fault}.`));
        }
      }
      await print(
        "",
        faultCount === 0
          ? paint(
              "green",
              `All ${Object.keys(stage.settings.config.roles).length} roles match their references again.`,
            )
          : paint("red", `${faultCount} unexpected results.`),
      );
      return faultCount === 0 ? 0 : 1;
    } finally {
      stage.close();
    }
  },
};
