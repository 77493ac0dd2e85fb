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

/** Waits until nothing listens at the endpoint. */
async function untilClosed(endpoint: string): Promise<void> {
  while (await accepts(endpoint)) await accepts(endpoint, 50);
}

/** Whether the endpoint accepts a connection; holds it for `heldMs`, or until the other side closes it. */
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

withEmulators("startEmulators", () => {
  it("starts emulators that close their ports and remove their folder when stopped", async () => {
    const emulators = await startEmulators();
    await emulators.stop();
    await untilClosed(emulators.moto);
    await untilClosed(emulators.ministack);
    await assert.rejects(access(emulators.folder));
  });

  it("starts emulators that end when their parent process is killed", { timeout: 30_000 }, async () => {
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
