// What the function is asked: by the app stack for a first key, by Secrets Manager for a step of a rotation.
import * as z from "zod";
import { hasAction, parse, type RotationEvent, rotationEvent } from "../shared/event";

const ensure = z.strictObject({ action: z.literal("ensure") });

export type AccessKeyEvent = z.infer<typeof ensure> | RotationEvent;

/** @throws Error with one line that names each wrong field */
export const parseEvent = (event: unknown): AccessKeyEvent =>
  hasAction(event) ? parse(ensure, event) : parse(rotationEvent, event);
