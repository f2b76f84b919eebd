import {
  APPLICATION_USER,
  DDL_USER,
  grantStatements,
  passwordStatements,
} from "../../../functions/database-users/users";

const GRANT =
  "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, SHOW VIEW " +
  "ON `redcap`.* TO `redcap`@`%`";
const statements = (...grants: string[]) => grantStatements(APPLICATION_USER, "redcap", grants);

test("a user is created or changed, over TLS only, with the password as a placeholder", () => {
  expect(passwordStatements(APPLICATION_USER)).toEqual([
    "CREATE USER IF NOT EXISTS `redcap`@`%` IDENTIFIED BY ? REQUIRE SSL",
    "ALTER USER `redcap`@`%` IDENTIFIED BY ? REQUIRE SSL ACCOUNT UNLOCK",
  ]);
});

test("the application cannot change a table; the DDL user can, and can do all that the application can", () => {
  const ddl = ["CREATE", "ALTER", "DROP", "INDEX", "TRIGGER"];
  for (const privilege of ddl) expect(APPLICATION_USER.privileges).not.toContain(privilege);
  expect(DDL_USER.privileges).toEqual(expect.arrayContaining([...APPLICATION_USER.privileges, ...ddl]));
});

describe("grants", () => {
  test.each([
    ["MySQL", "GRANT USAGE ON *.* TO `redcap`@`%`"],
    ["MariaDB", "GRANT USAGE ON *.* TO `redcap`@`%` IDENTIFIED BY PASSWORD '*4C0' REQUIRE SSL"],
  ])("of a new user on %s are given, none taken", (_, usage) => {
    expect(statements(usage)).toEqual([GRANT]);
  });

  test("that are right are not taken away for a moment", () => {
    expect(statements(GRANT, "GRANT USAGE ON *.* TO `redcap`@`%`")).toEqual([GRANT]);
  });

  test.each([
    "GRANT SELECT, DROP ON `redcap`.* TO `redcap`@`%`",
    "GRANT ALL PRIVILEGES ON `redcap`.* TO `redcap`@`%`",
    "GRANT SELECT ON `mysql`.* TO `redcap`@`%`",
    "GRANT RELOAD, PROCESS ON *.* TO `redcap`@`%` REQUIRE SSL",
    "GRANT SELECT (`a`, `b`) ON `other`.`t` TO `redcap`@`%`",
    "GRANT SELECT ON `redcap`.* TO `redcap`@`%` WITH GRANT OPTION",
  ])("beyond the wanted ones are revoked: %s", (line) => {
    expect(statements(line)).toEqual(["REVOKE ALL PRIVILEGES, GRANT OPTION FROM `redcap`@`%`", GRANT]);
  });

  test("by a role are revoked with the role", () => {
    expect(statements("GRANT `rds_superuser_role`@`%` TO `redcap`@`%`")).toEqual([
      "REVOKE `rds_superuser_role`@`%` FROM `redcap`@`%`",
      GRANT,
    ]);
  });

  test("are not seen in a line that grants nothing", () => {
    expect(statements("SET DEFAULT ROLE `admins` FOR `redcap`@`%`")).toEqual([GRANT]);
  });
});
