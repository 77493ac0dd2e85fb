/// <reference path="../../../.sst/platform/config.d.ts" />
// synthesise bundles this program and runs it in a process of its own, because Pulumi keeps its state in modules.
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { run } from "../../../.sst/platform/src/auto/run.ts";
import stack from "../../../sst.config.ts";
import { createEngine } from "./engine.ts";
import type { ResourceOptions, SynthesisSettings } from "./synthesis.ts";

declare const $synthesis: SynthesisSettings;

const answers = await serveRpc();
const registered = new Map<string, ResourceOptions>();
const keyOf = ({ type, name }: { readonly type: string; readonly name: string }) => `${type} ${name}`;
const engine = createEngine(
  $synthesis,
  (resource) => registered.get(keyOf(resource)) ?? { protect: false, deleteBeforeReplace: false },
);
await $util.runtime.setMocks(engine, $synthesis.project, $synthesis.stage, false);
await $util.runtime.runInPulumiStack(() => {
  $util.runtime.registerStackTransformation(({ type, name, opts }) => {
    const { protect = false }: $util.ResourceOptions = opts;
    const { deleteBeforeReplace = false }: $util.CustomResourceOptions = opts;
    registered.set(keyOf({ type, name }), { protect, deleteBeforeReplace });
    return undefined;
  });
  return run(async () => stack.run());
});
await $util.runtime.disconnect();
answers.close();
await writeFile($synthesis.result, JSON.stringify(engine.resources));

/** Serves what SST's components ask of SST's own server during a deploy: where assets go, and how a function was built. */
async function serveRpc() {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.end(JSON.stringify(answer(JSON.parse(body))));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address instanceof Object) process.env.SST_SERVER = `http://127.0.0.1:${address.port}`;
  return server;
}

function answer({ method }: { method: string }) {
  switch (method) {
    case "Provider.Aws.Bootstrap":
      return { result: { asset: "assets", state: "state" } };
    case "Runtime.Build":
      // Resources do not depend on the code, so no bundle has to exist.
      return { result: { handler: "index.handler", out: $synthesis.code, errors: [], sourcemaps: [] } };
    default:
      return { error: `rpc: can't find ${method}` };
  }
}
