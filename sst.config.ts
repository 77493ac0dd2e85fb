/// <reference path="./.sst/platform/config.d.ts" />

// SST evaluates app() before any provider exists, so nothing is imported statically here.
export default $config({
  async app(input) {
    const [{ default: config }, { appName }] = await Promise.all([
      import("./drift-guard.config.ts"),
      import("@drift-guard/core/config/deployment"),
    ]);
    const production = input.stage === "production";
    return {
      name: appName,
      version: ">= 4.17.1",
      home: "aws",
      removal: production ? "retain" : "remove",
      protect: production,
      providers: { aws: { region: config.regions.guard, version: "7.20.0" } },
    };
  },
  async run() {
    // A deployment always builds its bundles first; the offline synthesis reads none.
    if ($cli.command !== "synth") {
      const { execFileSync } = await import("node:child_process");
      execFileSync(process.execPath, ["packages/infra/build.ts"], { stdio: ["ignore", "ignore", "inherit"] });
    }
    const [{ default: config }, { createGuardStack }] = await Promise.all([
      import("./drift-guard.config.ts"),
      import("./packages/infra/stack/stack.ts"),
    ]);
    return createGuardStack(config);
  },
});
