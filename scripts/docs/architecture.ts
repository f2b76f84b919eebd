// docs/architecture.svg: the picture of the whole system, drawn by Graphviz from docs/architecture.dot.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../config";

const DRAWING = join(PROJECT_ROOT, "docs/architecture.dot");

/** The picture as SVG: the same text wherever it is drawn. @throws Error where the drawing is no DOT */
export async function architecturePicture(): Promise<string> {
  // Its types say that it is a module of the other kind.
  const { instance } = await import("@viz-js/viz");
  const graphviz = await instance();
  return graphviz.renderString(readFileSync(DRAWING, "utf8"), { format: "svg" });
}
