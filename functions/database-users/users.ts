// The database users, their rights, and the SQL that makes a server agree with them. Works on Aurora MySQL 8.0 and
// MariaDB 10.11 alike, so no dual passwords and no roles: two users take turns instead.

const DATA_PRIVILEGES = [
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "CREATE TEMPORARY TABLES",
  "LOCK TABLES",
  "EXECUTE",
  "SHOW VIEW",
];

export interface DatabaseUser {
  name: string;
  /** Rights on REDCap's database; it has none elsewhere. */
  privileges: string[];
}

/** What REDCap runs as: it reads and writes data, and cannot change or drop a table. */
export const APPLICATION_USER: DatabaseUser = { name: "redcap", privileges: DATA_PRIVILEGES };

/** What installs and upgrades REDCap. */
export const DDL_USER: DatabaseUser = {
  name: "redcap_ddl",
  privileges: [
    ...DATA_PRIVILEGES,
    "CREATE",
    "ALTER",
    "DROP",
    "INDEX",
    "REFERENCES",
    "CREATE VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "TRIGGER",
  ],
};

export const accountOf = (user: DatabaseUser): string => `\`${user.name}\`@\`%\``;

/** A user and another of the same rights, under the name that AWS's own rotation by alternating users gives it. */
export const takingTurns = (user: DatabaseUser): Turns => [user, { ...user, name: `${user.name}_clone` }];

/** At each rotation the other one gets a new password; the one that was in use goes on working until the next. */
export type Turns = readonly [DatabaseUser, DatabaseUser];

/** The two statements that leave the user with this password, whether or not it existed; the placeholder is the password. */
export const passwordStatements = (user: DatabaseUser): string[] => [
  `CREATE USER IF NOT EXISTS ${accountOf(user)} IDENTIFIED BY ? REQUIRE SSL`,
  `ALTER USER ${accountOf(user)} IDENTIFIED BY ? REQUIRE SSL ACCOUNT UNLOCK`,
];

/** Nobody logs in any more. Not dropped: a view or trigger of an upgrade runs with the rights of who made it. */
export const lockStatement = (user: DatabaseUser): string => `ALTER USER IF EXISTS ${accountOf(user)} ACCOUNT LOCK`;

/**
 * The statements that turn a user's grants into exactly the wanted ones. Nothing is revoked from a user who has no more
 * than those, so that a running application never loses a right it needs.
 * @param grants lines of `SHOW GRANTS FOR` the user
 */
export function grantStatements(user: DatabaseUser, database: string, grants: string[]): string[] {
  const lines = grants.flatMap((line) => {
    const groups = GRANT_LINE.exec(line)?.groups;
    return groups ? [groups] : [];
  });
  const roles = lines.flatMap(({ what, object }) => (object === undefined ? [what] : []));
  return [
    ...roles.map((role) => `REVOKE ${role} FROM ${accountOf(user)}`),
    // The only form that a master user may run without holding every right itself.
    ...(lines.some((line) => isTooMuch(line, user, database))
      ? [`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${accountOf(user)}`]
      : []),
    `GRANT ${user.privileges.join(", ")} ON \`${database}\`.* TO ${accountOf(user)}`,
  ];
}

/** `GRANT <what> ON <object> TO …`, or `GRANT <role> TO …`; other lines, such as MariaDB's default role, grant nothing. */
const GRANT_LINE = /^GRANT (?<what>.+?)(?: ON (?<object>.+?))? TO [`'"](?<rest>.*)$/;

function isTooMuch(line: Record<string, string>, user: DatabaseUser, database: string): boolean {
  const { what = "", object, rest = "" } = line;
  if (object === undefined) return false;
  const wanted = object === `\`${database}\`.*` ? user.privileges : ["USAGE"];
  return rest.includes("WITH GRANT OPTION") || !what.split(", ").every((privilege) => wanted.includes(privilege));
}
