import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { elementAt, readXml, textAt } from "@drift-guard/local/recorder/xml";

describe("readXml", () => {
  it("reads fields as text, without converting numbers, booleans or dates", () => {
    const xml = readXml(
      `<?xml version="1.0"?><R xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Id>007</Id><On>true</On><E/></R>`,
    );
    assert.deepEqual(xml, { R: { Id: "007", On: "true", E: "" } });
  });

  it("reads member elements as a list, also a single one", () => {
    assert.deepEqual(readXml("<R><Names><member>a</member></Names></R>"), { R: { Names: ["a"] } });
    assert.deepEqual(readXml("<R><Roles><member><N>a</N></member><member><N>b</N></member></Roles></R>"), {
      R: { Roles: [{ N: "a" }, { N: "b" }] },
    });
  });

  it("decodes the entities of XML and numeric ones", () => {
    assert.deepEqual(readXml("<R><T>&lt;a&gt; &amp; &quot;b&quot; &#39;c&#x27; &#233;</T></R>"), {
      R: { T: `<a> & "b" 'c' é` },
    });
  });

  it("reads nothing from XML that declares entities", () => {
    const bomb = `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><R><T>&b;</T></R>`;
    assert.equal(readXml(bomb), "");
  });

  it("reads nothing from text that is not XML", () => {
    for (const text of ["", "not xml", "{}", "<R><T>"]) assert.equal(textAt(readXml(text), "R", "T"), "");
  });

  it("keeps names of object members apart from fields", () => {
    assert.equal(textAt(readXml("<R/>"), "constructor", "name"), "");
    assert.equal(elementAt(readXml("<R><A>x</A></R>"), "R", "toString"), undefined);
  });
});
