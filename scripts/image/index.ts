// Makes the container image from a user's REDCap zip, and tells what a new zip changes.
export { buildCommand, buildImage, type ImageBuild, type ImageFacts, imageFacts } from "./build";
export { type Comparison, compareZips } from "./compare";
export { toMarkdown } from "./comparison-report";
export { type Context, type ContextOptions, checkInput, prepareContext } from "./context";
export { ENGINES, type EngineName, findEngine } from "./engine";
export { findPinnedRdsCa, findRdsCa, type RdsCa, type RdsCaOptions } from "./rds-ca";
export { openRedcapZip, type RedcapZip } from "./redcap-zip";
export { localFile, localFolder } from "./source";
