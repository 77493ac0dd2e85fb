import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jsonBytes } from "@drift-guard/core/model/json-size";
import { recordRole, removeSpace } from "@drift-guard/core/rollback/before-state";
import { createDigester, createExpectedStates } from "@drift-guard/core/rollback/part-values";
import { allow, aRole } from "../../builders.ts";

/** A document with white space between its tokens that IAM does not count, up to the longest that IAM takes. */
function padded(document: string): string {
  return document.replace("{", `{${" ".repeat(131_000 - document.length)}`);
}

/** A document whose padding is inside a text. */
function paddedInside(index: number): string {
  const [space, tab] = [" ", "\\t"];
  const padding = Array.from({ length: 60_000 }, (_, at) => ((at * index) % 7 < 3 ? space : tab)).join("");
  return `{"Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"${padding}"}}}}`;
}

function roleWith(documents: readonly string[]) {
  return aRole({ inline: documents.map((text, index) => ({ name: `p${index}`, text })) });
}

describe("the role as recorded before a rollback", () => {
  it("keeps documents without the white space between their tokens", () => {
    const role = roleWith(Array.from({ length: 150 }, () => padded(allow("sqs:*"))));
    const recorded = recordRole(role, createDigester());
    assert.ok(jsonBytes(recorded) < 40_000);
    assert.deepEqual(JSON.parse(recorded.inline[0]?.text ?? ""), JSON.parse(allow("sqs:*")));
    assert.equal(createExpectedStates(recorded, createDigester()).findForeign(role), undefined);
  });

  it("holds documents by their digest where they are too long together, and still shows a change of one", () => {
    const documents = Array.from({ length: 30 }, (_, index) => paddedInside(index + 1));
    const recorded = recordRole(roleWith(documents), createDigester());
    assert.ok(jsonBytes(recorded) < 200_000);
    assert.match(recorded.inline.at(-1)?.text ?? "", /^sha256:/);
    const expected = createExpectedStates(recorded, createDigester());
    assert.equal(expected.findForeign(roleWith(documents)), undefined);
    const changed = documents.with(29, documents[29]?.replace("sqs:*", "iam:*") ?? "");
    assert.equal(expected.findForeign(roleWith(changed)), "inline:p29");
  });

  it("is the same for a document that nobody understands, apart from white space", () => {
    const role = roleWith(['{ "Statement": 7 }']);
    const expected = createExpectedStates(recordRole(role, createDigester()), createDigester());
    assert.equal(expected.findForeign(role), undefined);
    assert.equal(expected.findForeign(roleWith(['{ "Statement": 8 }'])), "inline:p0");
  });
});

describe("removeSpace", () => {
  it("keeps texts as they are", () => {
    assert.equal(removeSpace('{ "a b" :\n\t"c \\" d" , "e": [ 1 , " " ] }'), '{"a b":"c \\" d","e":[1," "]}');
  });
});
