// Step of --keep-identifier: the restored cluster's identifier becomes part of the configuration.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import ts from "typescript";
import { stagesFile } from "../../../config";
import { UserError } from "../../command";
import type { Step } from "../../runbook/engine";
import type { RestoreContext } from "../context";

export const writeIdentifier: Step<RestoreContext> = {
  name: "write-identifier",
  title: (context) => `write db.clusterIdentifier: "${context.restoredIdentifier}" to the configuration`,
  skip: ({ options }) => (options.keepIdentifier ? undefined : "the identifier stays the same"),
  async run(context) {
    write(context, context.restoredIdentifier);
    return `commit ${basename(stagesFile().file)}`;
  },
  async undo(context) {
    write(context, context.fact("previousIdentifier"));
    return undefined;
  },
};

function write(context: RestoreContext, identifier: string): void {
  const { file } = stagesFile();
  const before = readFileSync(file, "utf8");
  const after = withClusterIdentifier(before, context.stage.name, identifier);
  if (after === undefined) {
    throw new UserError(
      `${file} has no plain object with name: "${context.stage.name}". Write db.clusterIdentifier: "${identifier}" into that stage by hand, and run the same command again.`,
    );
  }
  if (after === before) return;
  writeFileSync(`${file}.tmp`, after);
  renameSync(`${file}.tmp`, file);
  context.synthesized = false;
}

/**
 * The text of stages.ts with `db.clusterIdentifier` of one stage set; everything else stays to the letter.
 * @returns undefined where the stage is not written as a plain object, so that a person must do it
 */
export function withClusterIdentifier(text: string, stageName: string, identifier: string): string | undefined {
  const source = ts.createSourceFile("stages.ts", text, ts.ScriptTarget.Latest, true);
  const stage = findStage(source, stageName);
  if (!stage) return undefined;
  const value = JSON.stringify(identifier);
  const db = property(stage, "db");
  if (!db) return insert(text, stage, `db: { clusterIdentifier: ${value} },`);
  if (!ts.isObjectLiteralExpression(db.initializer)) return undefined;
  const existing = property(db.initializer, "clusterIdentifier");
  if (!existing) return insert(text, db.initializer, `clusterIdentifier: ${value}, `);
  return text.slice(0, existing.initializer.getStart()) + value + text.slice(existing.initializer.getEnd());
}

const insert = (text: string, into: ts.ObjectLiteralExpression, added: string) =>
  `${text.slice(0, into.getStart() + 1)} ${added}${text.slice(into.getStart() + 1)}`;

function property(object: ts.ObjectLiteralExpression, name: string): ts.PropertyAssignment | undefined {
  return object.properties.find(
    (entry): entry is ts.PropertyAssignment => ts.isPropertyAssignment(entry) && entry.name.getText() === name,
  );
}

/** An object that is a stage: its name is the stage's, and it has an account. */
function findStage(node: ts.Node, stageName: string): ts.ObjectLiteralExpression | undefined {
  if (ts.isObjectLiteralExpression(node)) {
    const name = property(node, "name")?.initializer;
    if (name && ts.isStringLiteralLike(name) && name.text === stageName && property(node, "service")) return node;
  }
  return ts.forEachChild(node, (child) => findStage(child, stageName));
}
