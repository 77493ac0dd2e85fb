import { type Command, parseCommandLine } from "../command.ts";
import { scenes } from "../demonstration/scenes.ts";
import { setStage } from "../demonstration/stage.ts";
import { findFaults, formatScene } from "../demonstration/story.ts";
import { padCell, wrap } from "../terminal.ts";

/** `demo`: the guard at work on an account in memory. */
export const demo: Command = {
  help: `Shows the guard at work on an account in memory: nothing of AWS is used, and nothing is left behind.

Usage: drift-guard demo

It holds the guarded roles as they should be. Then things happen to them, and for each you see who did what, the
drift in grants, its severity, the plan, the rollback, and the finding from open to resolved. All of it is computed
by the code that runs in Lambda.

Exit codes: 0 every scene ended as it should, 1 one did not.
`,
  async run(args, terminal) {
    parseCommandLine(args, {});
    const { columns, paint, print } = terminal;
    const stage = await setStage(new Date().toISOString());
    let faults = 0;
    try {
      await print(
        paint("bold", "drift-guard at work"),
        ...wrap(
          `On account ${stage.account.account}, which is in memory: nothing of AWS is used. The clock runs ahead, and all else is what runs in Lambda. Both kinds of rollback are on.`,
          columns,
        ),
        "",
      );
      for (const { role, status, reference } of await stage.checkRoles()) {
        await print(
          `   ${padCell(role, 24)} ${paint("green", status)}, as in ${reference.title}, ${reference.date}`,
        );
      }
      for (const [index, scene] of scenes.entries()) {
        await print("", paint("bold", `${index + 1}. ${scene.title}`));
        const happenings = await stage.perform(scene.call, scene.by);
        await print(...formatScene(happenings, terminal));
        for (const fault of findFaults(scene, happenings, await stage.checkRoles())) {
          faults += 1;
          await print(paint("red", `   This is not as it should be: ${fault}.`));
        }
      }
      await print(
        "",
        faults === 0
          ? paint(
              "green",
              `All ${Object.keys(stage.settings.config.roles).length} roles are as they should be again.`,
            )
          : paint("red", `${faults} things did not go as they should.`),
      );
      return faults === 0 ? 0 : 1;
    } finally {
      stage.close();
    }
  },
};
