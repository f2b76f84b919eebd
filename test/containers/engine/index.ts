// Containers without a container engine: images from buildah, runs by namespaces, and what an image needs around it.
export { baseImage } from "./base-image";
export { type Container, type Finished, runContainer, runToEnd, stopContainers } from "./container";
export { describeContainers } from "./describe";
export type { LogLine } from "./logs";
export { type ReceivedMail, type SmtpSink, smtpSink } from "./smtp-sink";
export { runTask, type Task } from "./task";
export { taskCredentials } from "./task-credentials";
export { FILES_BUCKET, type TestDatabase, testDatabase } from "./test-database";
export { buildTestImage, type TestImage, type TestImageOptions } from "./test-image";
export { requireContainerTools, whyNoContainers } from "./tools";
export { type UsersFunction, usersFunction } from "./users-function";
