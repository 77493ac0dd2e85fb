import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Sessions } from "@drift-guard/core/model/sessions";
import { formatText } from "@drift-guard/formats/text";
import { aFinding, aTransition, noon } from "../builders.ts";

const sessions: Sessions = {
  issued: [
    {
      at: noon,
      region: "eu-west-1",
      call: "sts:AssumeRole",
      by: "999988887777",
      sourceIp: "198.51.100.4",
      session: "exfil",
      accessKeyId: "ASIASTOLEN",
    },
  ],
  byServices: 2,
  regions: ["us-east-1", "eu-west-1"],
  incomplete: ["us-east-1"],
  since: noon,
  until: noon,
  at: noon,
};

describe("the sessions that an open trust policy let in", () => {
  const { subject, body } = formatText({
    transition: { ...aTransition(), kind: "sessions-found", finding: { ...aFinding(), sessions } },
    standing: { kind: "undone" },
  });

  it("are told on one line each, whatever a stranger named their session", () => {
    const issued = sessions.issued.map((each) => ({ ...each, session: "a\nSeverity: LOW\u001b[2J" }));
    const { body: hostile } = formatText({
      transition: {
        ...aTransition(),
        kind: "sessions-found",
        finding: { ...aFinding(), sessions: { ...sessions, issued } },
      },
      standing: { kind: "undone" },
    });
    assert.doesNotMatch(hostile, /^Severity: LOW/m);
    assert.ok(!hostile.includes("\u001b"));
    assert.match(hostile, /session a\\nSeverity: LOW/);
  });

  it("are told with their origin and the Regions that were read", () => {
    assert.match(subject, /Sessions issued/);
    assert.match(body, /sts:AssumeRole in eu-west-1 by 999988887777, from\s+198\.51\.100\.4/);
    assert.match(body, /access key ASIASTOLEN/);
    assert.match(body, /2 that AWS services asked for/);
    assert.match(body, /Looked at in us-east-1, eu-west-1\./);
    assert.match(body, /Not read, or not to the end: us-east-1\./);
  });

  it("come with the command that ends them", () => {
    assert.match(body, /aws iam put-role-policy .*RevokedSessions-20261122T120030Z.*aws:TokenIssueTime/);
    assert.match(subject, /Sessions issued: 1 session of AWSBatchServiceRole lives on$/);
    assert.match(body, /^Sessions stay valid until they expire/m);
    assert.match(body, /To end every session issued before 2026-11-22T12:00:30Z, those of running jobs/);
  });
});
