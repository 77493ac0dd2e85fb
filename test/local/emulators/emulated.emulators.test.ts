import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { it } from "node:test";
import { pathToFileURL } from "node:url";
import { startEmulators } from "@drift-guard/local/emulators/emulators";
import * as z from "zod";
import { withEmulators } from "../emulated-suite.ts";

const module = pathToFileURL(
  join(import.meta.dirname, "../../../packages/local/emulators/emulators.ts"),
).href;
const Started = z.object({ moto: z.url(), ministack: z.url() });

/** Settles when nobody listens there any more. */
async function untilClosed(endpoint: string): Promise<void> {
  while (await accepts(endpoint)) await accepts(endpoint, 50);
}

/** Whether somebody takes a connection there; holds it for some milliseconds, or until the other side ends it. */
function accepts(endpoint: string, heldMs = 1): Promise<boolean> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    let taken = false;
    const socket = connect(Number(port), hostname);
    socket.on("connect", () => {
      taken = true;
      socket.setTimeout(heldMs, () => socket.destroy());
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(taken));
  });
}

withEmulators("the emulators", () => {
  it("stop at once and leave nothing behind", async () => {
    const emulators = await startEmulators();
    await emulators.stop();
    await untilClosed(emulators.moto);
    await untilClosed(emulators.ministack);
    await assert.rejects(access(emulators.folder));
  });

  it("end with the process that started them, however that ends", { timeout: 30_000 }, async () => {
    const script = `
      import { startEmulators } from "${module}";
      console.log(JSON.stringify(await startEmulators()));
      setInterval(() => {}, 1000);
    `;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(parent.stdout, "data");
    const { moto, ministack } = Started.parse(JSON.parse(String(line)));
    parent.kill("SIGKILL");
    await untilClosed(moto);
    await untilClosed(ministack);
  });
});
