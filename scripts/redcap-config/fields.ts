// The rows of redcap_config that a deployment may begin with, what to ask for each, and what REDCap accepts.
import { z } from "zod";

/** How people log in (REDCap's Control Center, Security & Authentication). */
const AUTHENTICATION = [
  "none",
  "table",
  "ldap",
  "ldap_table",
  "shibboleth",
  "shibboleth_table",
  "openid_connect",
  "openid_connect_table",
  "aaf",
  "rsa",
] as const;

export interface SettingField {
  /** `field_name` of the row. */
  name: string;
  question: string;
  /** Offered as the answer; empty leaves the row as REDCap made it. */
  suggestion: string;
  value: z.ZodType<string>;
}

const text = z.string().trim().max(500, "Write 500 characters at most.");
const email = z.email("Write an email address such as redcap@example.org.");
const whole = (from: number, to: number) =>
  z
    .string()
    .regex(/^\d+$/, "Write a whole number.")
    .refine((digits) => Number(digits) >= from && Number(digits) <= to, `Write a number from ${from} to ${to}.`);
const yesOrNo = z.enum(["0", "1"], "Write 1 for yes or 0 for no.");

export const FIELDS: SettingField[] = [
  { name: "institution", question: "Name of the institution", suggestion: "", value: text },
  {
    name: "site_org_type",
    question: "Name of the organization, as shown below the institution",
    suggestion: "",
    value: text,
  },
  { name: "project_contact_name", question: "REDCap administrator's name", suggestion: "", value: text },
  { name: "project_contact_email", question: "REDCap administrator's email address", suggestion: "", value: email },
  { name: "homepage_contact", question: "Name of the contact on the home page", suggestion: "", value: text },
  { name: "homepage_contact_email", question: "Email address of that contact", suggestion: "", value: email },
  { name: "grant_cite", question: "Grant to cite in publications", suggestion: "", value: text },
  {
    name: "auth_meth_global",
    question: `How people log in: ${AUTHENTICATION.join(", ")}`,
    suggestion: "table",
    value: z
      .enum(AUTHENTICATION, `Use one of ${AUTHENTICATION.join(", ")}.`)
      .refine(
        (method) => method !== "none",
        "With none, everybody who reaches REDCap is an administrator: choose another.",
      ),
  },
  {
    name: "autologout_timer",
    question: "Minutes of idleness until log-out, 0 for never",
    suggestion: "30",
    value: whole(0, 1_440),
  },
  {
    name: "logout_fail_limit",
    question: "Failed log-ins until a user is locked out, 0 for never",
    suggestion: "5",
    value: whole(0, 100),
  },
  {
    name: "logout_fail_window",
    question: "Minutes for which a user is locked out",
    suggestion: "15",
    value: whole(0, 1_440),
  },
  {
    name: "password_length",
    question: "Characters that a password needs at least",
    suggestion: "12",
    value: whole(6, 99),
  },
  {
    name: "password_reset_duration",
    question: "Days until a password must be changed, 0 for never",
    suggestion: "0",
    value: whole(0, 3_650),
  },
  {
    name: "superusers_only_create_project",
    question: "Only administrators create projects: 1 or 0",
    suggestion: "0",
    value: yesOrNo,
  },
  {
    name: "superusers_only_move_to_prod",
    question: "Only administrators move projects to production: 1 or 0",
    suggestion: "1",
    value: yesOrNo,
  },
  { name: "language_global", question: "Language of new projects", suggestion: "English", value: text },
];
